using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>Changes parameters by their gradients.</summary>
public interface IOptimizer : IDisposable
{
    /// <summary>The learning rate of the next step.</summary>
    double LearningRate { get; set; }

    /// <summary>All that the next step depends on besides parameters and gradients, by name.</summary>
    IReadOnlyDictionary<string, Tensor> State { get; }

    /// <summary>Forgets the gradients.</summary>
    void ZeroGrad();

    /// <summary>Takes one step.</summary>
    void Step();
}

/// <summary>Which optimizer to make.</summary>
public abstract record OptimizerSpec
{
    /// <summary>Makes the optimizer of named parameters; they must be where they will be trained.</summary>
    public abstract IOptimizer Create(IEnumerable<(string Name, Parameter Parameter)> parameters);
}
