using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// Layer-wise adaptive rate scaling (You et al. 2017, 1708.03888) as the reference code has it, with the learning rate inside the
/// velocity: u = g + d w; v = m v + lr t u; w -= v, where t = c |w| / |u|, or 1 where either norm is 0.
/// In a group that does not decay d = 0, in one that does not adapt t = 1.
/// </summary>
/// <param name="Momentum">Momentum m, from 0 to below 1.</param>
/// <param name="WeightDecay">Weight decay d, 0 or more (the paper: 1e-6).</param>
/// <param name="TrustCoefficient">Trust coefficient c, above 0.</param>
public sealed record LarsSpec(double Momentum = 0.9, double WeightDecay = 1e-6, double TrustCoefficient = 0.001)
    : OptimizerSpec
{
    /// <inheritdoc/>
    public override IOptimizer Create(IEnumerable<ParameterGroup> groups) => new Lars(this, groups);
}

internal sealed class Lars(LarsSpec spec, IEnumerable<ParameterGroup> groups) : ParameterOptimizer(groups, ["velocity"])
{
    protected override double[] Numbers(double rate, long step) => [rate];

    protected override void Update(Slot slot)
    {
        var decay = DecayOf(slot, spec.WeightDecay);
        var changes = slot.Parts.Select(part => Decayed(part, decay)).ToList();
        var trusts = slot.Group.Adapts ? slot.Flat.Spread(Trust(slot, changes)) : null;
        slot.States[0].mul_(spec.Momentum);
        for (var i = 0; i < changes.Count; i++)
        {
            var velocity = slot.Parts[i].States[0];
            if (trusts is null)
                slot.Numbers.Add(velocity, changes[i], 0);
            else
                slot.Numbers.AddProduct(velocity, changes[i], trusts[i], 0);
        }
        slot.Flat.Weights.sub_(slot.States[0]);
    }

    /// <summary>Of every parameter, [parameters].</summary>
    private Tensor Trust(Slot slot, IEnumerable<Tensor> changes)
    {
        var sizes = slot.Flat.Norms(FlatParameters.BlockNorms(slot.Flat.Weights));
        var lengths = slot.Flat.Norms(cat([.. changes.Select(FlatParameters.BlockNorms)]));
        return (sizes * spec.TrustCoefficient / lengths).masked_fill_(sizes.minimum(lengths).eq(0), 1);
    }
}
