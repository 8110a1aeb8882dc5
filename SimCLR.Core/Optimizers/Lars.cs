using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// Layer-wise adaptive rate scaling (You et al. 2017, 1708.03888) as the reference code has it, with the learning rate inside the
/// velocity: u = g + d w; v = m v + lr t u; w -= v, where t = c |w| / |u|, or 1 where either norm is 0.
/// Biases and batch norm are neither decayed nor adapted (t = 1).
/// </summary>
/// <param name="Momentum">m, from 0 to below 1.</param>
/// <param name="WeightDecay">d, 0 or more (the paper: 1e-6).</param>
/// <param name="TrustCoefficient">c, above 0.</param>
public sealed record LarsSpec(double Momentum = 0.9, double WeightDecay = 1e-6, double TrustCoefficient = 0.001)
    : OptimizerSpec
{
    /// <inheritdoc/>
    public override IOptimizer Create(IEnumerable<(string Name, Parameter Parameter)> parameters) =>
        new Lars(this, parameters);
}

internal sealed class Lars(LarsSpec spec, IEnumerable<(string, Parameter)> parameters)
    : ParameterOptimizer(parameters, "velocity")
{
    protected override void Update(IReadOnlyList<(Slot Slot, Tensor Gradient)> updates)
    {
        foreach (var (slot, gradient) in updates.Where(update => update.Slot.IsExcluded))
            slot.Parameter.sub_(slot.Buffers[0].mul_(spec.Momentum).add_(gradient, alpha: LearningRate));

        var adapted = updates
            .Where(update => !update.Slot.IsExcluded)
            .Select(update => (update.Slot, Gradient: Decayed(update.Slot, update.Gradient, spec.WeightDecay)))
            .ToList();
        if (adapted.Count == 0)
            return;
        foreach (var ((slot, gradient), trust) in adapted.Zip(Trust(adapted).unbind(0)))
            slot.Parameter.sub_(slot.Buffers[0].mul_(spec.Momentum).addcmul_(gradient, trust, value: LearningRate));
    }

    /// <summary>Of all parameters as one vector, so that the many small norms cost few calls.</summary>
    private Tensor Trust(IReadOnlyList<(Slot Slot, Tensor Gradient)> adapted)
    {
        var sizes = stack(adapted.Select(update => update.Slot.Parameter.norm()));
        var lengths = stack(adapted.Select(update => update.Gradient.norm()));
        var both = sizes.gt(0).logical_and(lengths.gt(0));
        return where(both, sizes * spec.TrustCoefficient / lengths, ones_like(sizes));
    }
}
