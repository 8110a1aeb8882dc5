using SimCLR.Core.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>What an optimizer must keep to be trained with, tried on a few numbers.</summary>
public static class OptimizerContract
{
    private const int Steps = 3;

    /// <summary>What an optimizer does wrong, each with a remedy; nothing for one that can be trained with.</summary>
    /// <param name="spec">Makes it, three times, on the CPU.</param>
    public static IReadOnlyList<string> Check(OptimizerSpec spec)
    {
        LibTorch.Load();
        using var scope = NewDisposeScope();
        try
        {
            return [.. Wrong(spec)];
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return [$"it fails on seven numbers: {error.Message.Trim()}"];
        }
    }

    private static IEnumerable<string> Wrong(OptimizerSpec spec)
    {
        var (weights, change) = Trained(spec, 0.1);
        if (!weights.isfinite().all().item<bool>())
            yield return "it makes weights that are not finite; guard roots and quotients at 0.";
        else if (change == 0)
            yield return "its steps change nothing; change Weights in place (add_, sub_, copy_).";
        else if (!Trained(spec, 0.1).Weights.Equals(weights))
            yield return "the same gradients come to other weights when they are given again; an optimizer draws nothing and keeps nothing but its states.";
        else if (Trained(spec, 0.01).Weights.Equals(weights))
            yield return "another learning rate comes to the same weights; multiply by Rate.";
    }

    /// <summary>The weights after some steps with gradients that differ, and how far they have come.</summary>
    private static (Tensor Weights, double Change) Trained(OptimizerSpec spec, double rate)
    {
        using var generator = new Generator(1);
        var parameter = new Parameter(randn([7], generator: generator));
        var before = parameter.detach().clone();
        using var optimizer = spec.Create([new ParameterGroup("weights", [("w", parameter)])]);
        optimizer.LearningRate = rate;
        for (var step = 0; step < Steps; step++)
        {
            optimizer.ZeroGrad();
            var gradient = randn([7], generator: generator);
            parameter.grad!.copy_(gradient);
            optimizer.Step();
            if (!parameter.grad!.Equals(gradient))
                throw new InvalidOperationException("Gradients were changed; leave them as they are.");
        }
        var after = parameter.detach().clone();
        return (after, (after - before).abs().sum().ToDouble());
    }
}
