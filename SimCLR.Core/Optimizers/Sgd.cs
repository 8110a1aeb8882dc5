using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>Stochastic gradient descent: v = m v + g + d w; w -= lr v (with Nesterov: lr (g + d w + m v)), as PyTorch's.</summary>
/// <param name="Momentum">Momentum m, from 0 to below 1.</param>
/// <param name="WeightDecay">Weight decay d, 0 or more, of the groups that decay.</param>
/// <param name="Nesterov">Whether it looks ahead along the velocity.</param>
public sealed record SgdSpec(double Momentum = 0.9, double WeightDecay = 0, bool Nesterov = false) : OptimizerSpec
{
    /// <inheritdoc/>
    public override IOptimizer Create(IEnumerable<ParameterGroup> groups) => new Sgd(this, groups);
}

internal sealed class Sgd(SgdSpec spec, IEnumerable<ParameterGroup> groups) : ParameterOptimizer(groups, ["velocity"])
{
    protected override double[] Numbers(double rate, long step) => [rate];

    protected override void Update(Slot slot)
    {
        var decay = DecayOf(slot, spec.WeightDecay);
        slot.States[0].mul_(spec.Momentum);
        foreach (var part in slot.Parts)
        {
            using var scope = NewDisposeScope();
            var change = Decayed(part, decay);
            var velocity = part.States[0].add_(change);
            var direction = spec.Nesterov ? change.add(velocity, alpha: spec.Momentum) : velocity;
            slot.Numbers.Add(part.Weights, direction, 0, -1);
        }
    }
}
