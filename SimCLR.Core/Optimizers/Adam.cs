using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// Adam (Kingma and Ba 2015, 1412.6980) and AdamW (Loshchilov and Hutter 2019, 1711.05101), as PyTorch's:
/// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g²; w -= lr (m / (1 - b1^t)) / (√(v / (1 - b2^t)) + e).
/// </summary>
/// <param name="Beta1">From 0 to below 1.</param>
/// <param name="Beta2">From 0 to below 1.</param>
/// <param name="Epsilon">Above 0.</param>
/// <param name="WeightDecay">d, 0 or more; biases and batch norm are not decayed.</param>
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
    public override IOptimizer Create(IEnumerable<(string Name, Parameter Parameter)> parameters) =>
        new Adam(this, parameters);
}

internal sealed class Adam : ParameterOptimizer
{
    private readonly AdamSpec spec;
    private readonly Tensor steps;

    internal Adam(AdamSpec spec, IEnumerable<(string, Parameter)> parameters)
        : base(parameters, "mean", "square")
    {
        this.spec = spec;
        // On the CPU: reading it waits for no device.
        steps = AddState("steps", zeros(1, int64, CPU));
    }

    protected override void Update(IReadOnlyList<(Slot Slot, Tensor Gradient)> updates)
    {
        var step = steps.add_(1).data<long>()[0];
        var rate = LearningRate / (1 - Math.Pow(spec.Beta1, step));
        var correction = Math.Sqrt(1 - Math.Pow(spec.Beta2, step));
        foreach (var (slot, raw) in updates)
        {
            if (spec.Decoupled && !slot.IsExcluded)
                slot.Parameter.mul_(1 - LearningRate * spec.WeightDecay);
            var gradient = Decayed(slot, raw, spec.Decoupled ? 0 : spec.WeightDecay);
            var mean = slot.Buffers[0].mul_(spec.Beta1).add_(gradient, alpha: 1 - spec.Beta1);
            var square = slot.Buffers[1].mul_(spec.Beta2).addcmul_(gradient, gradient, value: 1 - spec.Beta2);
            slot.Parameter.addcdiv_(mean, square.sqrt().div_(correction).add_(spec.Epsilon), value: -rate);
        }
    }
}
