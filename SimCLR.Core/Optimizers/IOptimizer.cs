using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// Changes parameters by their gradients. Its state is a set of named tensors, so that a checkpoint can hold it and a resumed run
/// continues bit for bit. Disposing it frees the state, not the parameters.
/// </summary>
public interface IOptimizer : IDisposable
{
    /// <summary>The rate of the next step; finite, 0 or more. A schedule sets it before each step; it is not part of the state.
    /// NaN until set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or below 0.</exception>
    double LearningRate { get; set; }

    /// <summary>Drops the gradients of all parameters.</summary>
    void ZeroGrad();

    /// <summary>One update of every parameter that has a gradient. Nothing is read back to the host.</summary>
    /// <exception cref="InvalidOperationException">The learning rate was never set.</exception>
    void Step();

    /// <summary>The live state, by "buffer.parameter" (for example "momentum.conv1.weight"). Read it; do not change or dispose it.</summary>
    IReadOnlyDictionary<string, Tensor> State { get; }

    /// <summary>Copies a saved state in; the tensors may be on any device.</summary>
    /// <exception cref="ArgumentException">A name is missing or unknown, or a shape or type differs; nothing is changed then.</exception>
    void LoadState(IReadOnlyDictionary<string, Tensor> state);
}
