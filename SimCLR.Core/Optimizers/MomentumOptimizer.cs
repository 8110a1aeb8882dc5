using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// What SGD and LARS share: parameters with one velocity each. TorchSharp's SGD is not used: its momentum buffers cannot be
/// taken out and put back, which a run that resumes bit for bit needs.
/// </summary>
internal abstract class MomentumOptimizer : IOptimizer
{
    private readonly List<(string Name, Parameter Parameter, Tensor Velocity)> entries;

    protected MomentumOptimizer(IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        using var noGrad = no_grad();
        entries =
        [
            .. parameters.Select(entry =>
                (entry.Name, entry.Parameter, zeros_like(entry.Parameter).DetachFromDisposeScope())
            ),
        ];
        State = entries.ToDictionary(entry => $"{entry.Name}.velocity", entry => entry.Velocity);
    }

    /// <inheritdoc/>
    public double LearningRate { get; set; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> State { get; }

    /// <inheritdoc/>
    public void ZeroGrad()
    {
        foreach (var (_, parameter, _) in entries)
            parameter.grad = null;
    }

    /// <inheritdoc/>
    public void Step()
    {
        using var noGrad = no_grad();
        foreach (var (_, parameter, velocity) in entries)
        {
            using var scope = NewDisposeScope();
            if (parameter.grad is { } gradient)
                Update(parameter, gradient, velocity);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, _, velocity) in entries)
            velocity.Dispose();
    }

    /// <summary>Changes the parameter and its velocity in place. Reads nothing back from the device.</summary>
    protected abstract void Update(Parameter parameter, Tensor gradient, Tensor velocity);
}
