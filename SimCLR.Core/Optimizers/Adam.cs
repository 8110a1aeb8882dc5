using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>Adam and AdamW as PyTorch defines them; they differ only in where the decay goes.</summary>
internal sealed class Adam : ParameterOptimizer
{
    private readonly AdamSettings settings;
    private readonly Dictionary<Slot, Tensor> steps = [];

    public Adam(AdamSettings settings, IEnumerable<(string, Parameter)> parameters)
        : base(parameters, settings.Exclude, "first", "second")
    {
        this.settings = settings;
        foreach (var slot in Slots)
        {
            // On the CPU, so that reading it waits for no device. Per parameter, as one may be frozen for a while.
            steps[slot] = zeros([1], int64, CPU).DetachFromDisposeScope();
            AddState($"step.{slot.Name}", steps[slot]);
        }
    }

    protected override void Update(IReadOnlyList<(Slot Slot, Tensor Gradient)> updates)
    {
        foreach (var (slot, raw) in updates)
        {
            var step = steps[slot].add_(1).data<long>()[0];
            var (beta1, beta2) = (settings.Beta1, settings.Beta2);
            var parameter = slot.Parameter;
            if (settings.Decoupled && !slot.Excluded)
                parameter.mul_(1 - LearningRate * settings.WeightDecay);
            var gradient = settings.Decoupled ? raw : Decayed(slot, raw, settings.WeightDecay);
            var first = slot.Buffers[0].mul_(beta1).add_(gradient, 1 - beta1);
            var second = slot.Buffers[1].mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
            var scale = (second.sqrt() / Math.Sqrt(1 - Math.Pow(beta2, step))).add_(settings.Epsilon);
            parameter.addcdiv_(first, scale, -LearningRate / (1 - Math.Pow(beta1, step)));
        }
    }
}

/// <summary>What <see cref="AdamSpec"/> and <see cref="AdamWSpec"/> have in common, and the decay that tells them apart.</summary>
internal sealed record AdamSettings(
    double Beta1,
    double Beta2,
    double Epsilon,
    double WeightDecay,
    bool Exclude,
    bool Decoupled
);
