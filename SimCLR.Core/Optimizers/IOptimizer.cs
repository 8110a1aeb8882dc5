using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// What changes parameters by their gradients. It owns their memory: parameters and gradients are views of flat tensors, so modules must be
/// moved to their device, dtype and memory layout before it is made, and gradients are added to or copied into, never assigned.
/// </summary>
public interface IOptimizer : IDisposable
{
    /// <summary>The learning rate of the next step.</summary>
    double LearningRate { get; set; }

    /// <summary>Multiplies the weight decay of the next step: DINO (2104.14294, its code) raises it along half a cosine. 1 at first; without effect on an optimizer that has
    /// no weight decay of its own.</summary>
    double WeightDecayFactor { get; set; }

    /// <summary>All that the next step depends on besides parameters and gradients, by name.</summary>
    IReadOnlyDictionary<string, Tensor> State { get; }

    /// <summary>Sets all gradients to 0.</summary>
    void ZeroGrad();

    /// <summary>All gradients, flat: one tensor for each group.</summary>
    IReadOnlyList<Tensor> Gradients { get; }

    /// <summary>The L2 norm of the gradients of all parameters, of frozen groups too: a scalar on their device, which the caller
    /// disposes.</summary>
    Tensor GradientNorm();

    /// <summary>Takes one step. A parameter that backward has not reached has the gradient 0: its decay and momentum still move it.</summary>
    /// <exception cref="InvalidOperationException">A module was moved, or a gradient assigned, since the optimizer was made.</exception>
    void Step();

    /// <summary>Does the first half of <see cref="Step"/>: counts it, and brings its numbers, such as the learning rate, to the device.</summary>
    void Prepare();

    /// <summary>Does the second half: the device's work, the same at every step once <see cref="IsSteady"/>.</summary>
    void Move();

    /// <summary>Whether all groups move from the prepared step on.</summary>
    bool IsSteady { get; }
}

/// <summary>What an optimizer is made from: its kind and its values.</summary>
public abstract record OptimizerSpec
{
    /// <summary>Makes the optimizer of groups of parameters.</summary>
    /// <param name="groups">Their parameters must be where they will be trained.</param>
    /// <remarks>Memory: weights, gradients and each state (SGD and LARS have one, Adam two) take the numbers of all parameters, each filled
    /// up to a multiple of 512. While it lasts, a step takes at most 32 MiB more (float64: 64 MiB); of LARS with decay, as much as the
    /// weights.</remarks>
    /// <exception cref="ArgumentException">There are no parameters, one stands in the groups twice, or one does not fit its group.</exception>
    public abstract IOptimizer Create(IEnumerable<ParameterGroup> groups);
}
