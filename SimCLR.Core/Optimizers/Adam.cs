using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// Adam (Kingma and Ba 2015, 1412.6980) and AdamW (Loshchilov and Hutter 2019, 1711.05101), as PyTorch's:
/// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g²; w -= lr (m / (1 - b1^t)) / (√(v / (1 - b2^t)) + e).
/// </summary>
/// <param name="Beta1">Decay b1 of the mean gradient, from 0 to below 1.</param>
/// <param name="Beta2">Decay b2 of the mean square, from 0 to below 1.</param>
/// <param name="Epsilon">Epsilon e, above 0.</param>
/// <param name="WeightDecay">Weight decay d, 0 or more, of the groups that decay.</param>
/// <param name="Decoupled">AdamW: first w *= 1 - lr d. Otherwise g is g + d w.</param>
public sealed record AdamSpec(
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    double WeightDecay = 0,
    bool Decoupled = false
) : OptimizerSpec
{
    /// <inheritdoc/>
    public override IOptimizer Create(IEnumerable<ParameterGroup> groups) => new Adam(this, groups);
}

internal sealed class Adam(AdamSpec spec, IEnumerable<ParameterGroup> groups)
    : ParameterOptimizer(groups, ["mean", "square"], counts: true)
{
    private const int Corrected = 0;
    private const int Correction = 1;
    private const int Shrinking = 2;

    protected override double[] Numbers(double rate, long step) =>
        [
            rate / (1 - Math.Pow(spec.Beta1, step)),
            Math.Sqrt(1 - Math.Pow(spec.Beta2, step)),
            1 - rate * spec.WeightDecay * WeightDecayFactor,
        ];

    protected override void Update(Slot slot)
    {
        var decay = DecayOf(slot, spec.WeightDecay);
        slot.States[0].mul_(spec.Beta1);
        slot.States[1].mul_(spec.Beta2);
        if (spec.Decoupled && decay != 0)
            slot.Numbers.Multiply(slot.Flat.Weights, Shrinking);
        foreach (var part in slot.Parts)
        {
            using var scope = NewDisposeScope();
            var gradient = Decayed(part, spec.Decoupled ? 0 : decay);
            var mean = part.States[0].add_(gradient, alpha: 1 - spec.Beta1);
            var square = part.States[1].addcmul_(gradient, gradient, value: 1 - spec.Beta2);
            var below = slot.Numbers.Divide(square.sqrt(), Correction).add_(spec.Epsilon);
            slot.Numbers.SubtractQuotient(part.Weights, mean, below, Corrected);
        }
    }
}
