using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// Networks that follow others: after every step their parameters are m of what they were and 1 - m of the others'. Buffers do not follow:
/// batch norm has running statistics of its own, which its own passes move. Parameters begin as copies and have no gradient.
/// </summary>
/// <remarks>There is no predictor among them.</remarks>
internal sealed class Target : IDisposable
{
    private readonly MomentumSchedule momentum;
    private readonly long totalSteps;
    private readonly List<(Tensor Own, Tensor Followed)> pairs;

    internal Target(MethodContext context, MomentumSchedule momentum)
    {
        (this.momentum, totalSteps) = (momentum.Checked(), context.TotalSteps);
        Networks = context.Another();
        foreach (var parameter in Parameters(Networks))
            parameter.requires_grad = false;
        pairs = [.. Parameters(Networks).Zip(Parameters(context.Online))];
    }

    internal Networks Networks { get; }

    /// <summary>Moves the parameters, after the optimizer has moved those that they follow.</summary>
    internal void Follow(long step)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var moved = 1 - momentum.At(step, totalSteps);
        foreach (var (own, followed) in pairs)
            own.lerp_(followed, moved);
    }

    public void Dispose() => Networks.Dispose();

    private static IEnumerable<Tensor> Parameters(Networks networks) =>
        networks.Encoder.parameters().Concat(networks.Head.parameters());
}
