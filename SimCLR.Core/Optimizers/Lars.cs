using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>LARS as google-research/simclr uses it; see <see cref="LarsSpec"/>.</summary>
internal sealed class Lars(LarsSpec spec, IEnumerable<(string, Parameter)> parameters)
    : ParameterOptimizer(parameters, spec.ExcludeBiasAndNorm, "momentum")
{
    protected override void Update(IReadOnlyList<(Slot Slot, Tensor Gradient)> updates)
    {
        foreach (var (slot, gradient) in updates.Where(update => update.Slot.Excluded))
            Move(slot, slot.Buffers[0].mul_(spec.Momentum).add_(gradient, LearningRate));

        var adapted = updates
            .Where(update => !update.Slot.Excluded)
            .Select(update => (update.Slot, Gradient: Decayed(update.Slot, update.Gradient, spec.WeightDecay)))
            .ToArray();
        if (adapted.Length == 0)
            return;
        var trust = Trust(adapted).unbind(0);
        for (var i = 0; i < adapted.Length; i++)
        {
            var (slot, gradient) = adapted[i];
            Move(slot, slot.Buffers[0].mul_(spec.Momentum).addcmul_(gradient, trust[i], LearningRate));
        }
    }

    private static void Move(Slot slot, Tensor velocity) => slot.Parameter.sub_(velocity);

    /// <summary>Trust of all parameters as one vector, so that the many small norms cost few kernels.</summary>
    private Tensor Trust((Slot Slot, Tensor Gradient)[] adapted)
    {
        var weights = stack(adapted.Select(update => update.Slot.Parameter.norm(2f)));
        var gradients = stack(adapted.Select(update => update.Gradient.norm(2f)));
        var both = weights.gt(0).logical_and(gradients.gt(0));
        return where(both, weights / gradients * spec.TrustCoefficient, ones_like(weights));
    }
}
