using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>Momentum SGD as PyTorch defines it: v = m v + g + d w; w -= r v (Nesterov: w -= r (g + d w + m v)).</summary>
internal sealed class Sgd(SgdSpec spec, IEnumerable<(string, Parameter)> parameters)
    : ParameterOptimizer(parameters, spec.ExcludeBiasAndNorm, "momentum")
{
    protected override void Update(IReadOnlyList<(Slot Slot, Tensor Gradient)> updates)
    {
        foreach (var (slot, raw) in updates)
        {
            var gradient = Decayed(slot, raw, spec.WeightDecay);
            var velocity = slot.Buffers[0].mul_(spec.Momentum).add_(gradient);
            var direction = spec.Nesterov ? gradient.add(velocity, spec.Momentum) : velocity;
            slot.Parameter.add_(direction, -LearningRate);
        }
    }
}
