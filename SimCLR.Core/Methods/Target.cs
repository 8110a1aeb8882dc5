using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// Networks that follow others: after every step their parameters are m of what they were and 1 - m of the others'. Buffers do not follow:
/// batch norm has running statistics of its own, which its own passes move. Parameters begin as copies and have no gradient.
/// </summary>
/// <remarks>There is no predictor among them.</remarks>
public sealed class Target : IDisposable
{
    private readonly MomentumSchedule momentum;
    private readonly long totalSteps;
    private readonly List<(Tensor Own, Tensor Followed)> pairs;

    /// <summary>Makes the copies.</summary>
    /// <param name="context">What the method is made for: <see cref="MethodContext.Online"/> is followed.</param>
    /// <param name="momentum">The share m, by step.</param>
    /// <exception cref="ArgumentOutOfRangeException">A share is no number from 0 to 1.</exception>
    public Target(MethodContext context, MomentumSchedule momentum)
    {
        (this.momentum, totalSteps) = (momentum.Checked(), context.TotalSteps);
        Networks = context.Another();
        foreach (var parameter in Parameters(Networks))
            parameter.requires_grad = false;
        pairs = [.. Parameters(Networks).Zip(Parameters(context.Online))];
    }

    /// <summary>The copies.</summary>
    public Networks Networks { get; }

    /// <summary>Moves the parameters, after the optimizer has moved those that they follow.</summary>
    /// <param name="step">The step just done, counted from 0: <see cref="StepInput.Step"/>.</param>
    public void Follow(long step)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var moved = 1 - momentum.At(step, totalSteps);
        foreach (var (own, followed) in pairs)
            own.lerp_(followed, moved);
    }

    /// <inheritdoc/>
    public void Dispose() => Networks.Dispose();

    private static IEnumerable<Tensor> Parameters(Networks networks) =>
        networks.Encoder.parameters().Concat(networks.Head.parameters());
}
