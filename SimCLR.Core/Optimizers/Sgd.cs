using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>Stochastic gradient descent: v = m v + g + d w; w -= lr v (with Nesterov: lr (g + d w + m v)), as PyTorch's.</summary>
/// <param name="Momentum">m, from 0 to below 1.</param>
/// <param name="WeightDecay">d, 0 or more; biases and batch norm are not decayed.</param>
/// <param name="Nesterov">Looks ahead along the velocity.</param>
public sealed record SgdSpec(double Momentum = 0.9, double WeightDecay = 0, bool Nesterov = false) : OptimizerSpec
{
    /// <inheritdoc/>
    public override IOptimizer Create(IEnumerable<(string Name, Parameter Parameter)> parameters) =>
        new Sgd(this, parameters);
}

internal sealed class Sgd(SgdSpec spec, IEnumerable<(string, Parameter)> parameters)
    : ParameterOptimizer(parameters, "velocity")
{
    protected override void Update(IReadOnlyList<(Slot Slot, Tensor Gradient)> updates)
    {
        foreach (var (slot, gradient) in updates)
        {
            var change = Decayed(slot, gradient, spec.WeightDecay);
            var velocity = slot.Buffers[0].mul_(spec.Momentum).add_(change);
            var direction = spec.Nesterov ? change.add(velocity, alpha: spec.Momentum) : velocity;
            slot.Parameter.add_(direction, alpha: -LearningRate);
        }
    }
}
