using SimCLR.Core.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

/// <summary>SGD, LARS and Adam as their definitions have them, one parameter after the other, each with tensors of its own.</summary>
internal sealed class ReferenceOptimizer(OptimizerSpec spec, IReadOnlyList<(Tensor Weight, bool IsExcluded)> parameters)
{
    private readonly List<(Tensor First, Tensor Second)> states =
    [
        .. parameters.Select(one => (zeros_like(one.Weight), zeros_like(one.Weight))),
    ];
    private long step;

    internal void Step(double rate, IReadOnlyList<Tensor> gradients)
    {
        step++;
        for (var i = 0; i < parameters.Count; i++)
        {
            using var scope = NewDisposeScope();
            var ((weight, excluded), (first, second)) = (parameters[i], states[i]);
            switch (spec)
            {
                case SgdSpec sgd:
                    Sgd(sgd, rate, weight, Decayed(weight, gradients[i], excluded ? 0 : sgd.WeightDecay), first);
                    break;
                case LarsSpec lars:
                    var change = Decayed(weight, gradients[i], excluded ? 0 : lars.WeightDecay);
                    Lars(lars, rate, weight, change, excluded, first);
                    break;
                case AdamSpec { Decoupled: true } adam:
                    if (!excluded)
                        weight.mul_(1 - rate * adam.WeightDecay);
                    Adam(adam, rate, weight, gradients[i], first, second);
                    break;
                case AdamSpec adam:
                    Adam(
                        adam,
                        rate,
                        weight,
                        Decayed(weight, gradients[i], excluded ? 0 : adam.WeightDecay),
                        first,
                        second
                    );
                    break;
            }
        }
    }

    private static Tensor Decayed(Tensor weight, Tensor gradient, double decay) =>
        decay == 0 ? gradient : gradient.add(weight, alpha: decay);

    private static void Sgd(SgdSpec spec, double rate, Tensor weight, Tensor change, Tensor velocity)
    {
        velocity.mul_(spec.Momentum).add_(change);
        weight.add_(spec.Nesterov ? change.add(velocity, alpha: spec.Momentum) : velocity, alpha: -rate);
    }

    private static void Lars(LarsSpec spec, double rate, Tensor weight, Tensor change, bool excluded, Tensor velocity)
    {
        velocity.mul_(spec.Momentum);
        var (size, length) = (weight.norm(), change.norm());
        if (excluded)
            velocity.add_(change, alpha: rate);
        else if (size.ToDouble() > 0 && length.ToDouble() > 0)
            velocity.addcmul_(change, size * spec.TrustCoefficient / length, value: rate);
        else
            velocity.add_(change, alpha: rate);
        weight.sub_(velocity);
    }

    private void Adam(AdamSpec spec, double rate, Tensor weight, Tensor gradient, Tensor mean, Tensor square)
    {
        mean.mul_(spec.Beta1).add_(gradient, alpha: 1 - spec.Beta1);
        square.mul_(spec.Beta2).addcmul_(gradient, gradient, value: 1 - spec.Beta2);
        var deviation = square.sqrt().div_(Math.Sqrt(1 - Math.Pow(spec.Beta2, step))).add_(spec.Epsilon);
        weight.addcdiv_(mean, deviation, value: -rate / (1 - Math.Pow(spec.Beta1, step)));
    }
}
