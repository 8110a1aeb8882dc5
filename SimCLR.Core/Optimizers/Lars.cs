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

internal sealed class Lars(LarsSpec spec, IEnumerable<(string, Parameter)> parameters) : MomentumOptimizer(parameters)
{
    protected override void Update(Parameter parameter, Tensor gradient, Tensor velocity)
    {
        velocity.mul_(spec.Momentum);
        if (OptimizerSpec.IsExcluded(parameter))
        {
            velocity.add_(gradient, alpha: LearningRate);
        }
        else
        {
            var update = gradient.add(parameter, alpha: spec.WeightDecay);
            var (size, length) = (parameter.norm(), update.norm());
            var adapted = size.gt(0).logical_and(length.gt(0));
            var trust = where(adapted, size * spec.TrustCoefficient / length, ones_like(size));
            velocity.add_(update * (trust * LearningRate));
        }
        parameter.sub_(velocity);
    }
}
