using SimCLR.Core.Optimizers;
using SimCLR.Core.Tests.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>Optimizers against torch.optim (LARS: against its definition in numpy), six steps with a falling rate, float64.</summary>
public class OptimizerGoldenTests
{
    private const int Steps = 6;

    private static readonly Dictionary<string, long[]> Shapes = new()
    {
        ["linear"] = [4, 3],
        ["convolution"] = [3, 2, 3, 3],
        ["bias"] = [5],
    };

    private static readonly Dictionary<string, (OptimizerSpec Spec, double Peak)> Specs = new()
    {
        ["sgd"] = (new SgdSpec(0.9, 0.01), 0.1),
        ["nesterov"] = (new SgdSpec(0.9, 0.01, Nesterov: true), 0.1),
        ["adam"] = (new AdamSpec(WeightDecay: 0.01), 0.01),
        ["adamw"] = (new AdamSpec(WeightDecay: 0.1, Decoupled: true), 0.01),
        ["lars"] = (new LarsSpec(0.9, 0.01, 0.001), 50),
    };

    public static TheoryData<string> Names => [.. Specs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_parameter_is_the_references_after_every_step(string name)
    {
        using var golden = new GoldenFile("optimizers");
        using var scope = NewDisposeScope();
        var (spec, peak) = Specs[name];
        var parameters = Shapes.ToDictionary(
            entry => entry.Key,
            entry => new Parameter(Formula.Numbers($"optimizers.{entry.Key}", entry.Value))
        );
        var seen = Shapes.Keys.ToDictionary(key => key, _ => new List<Tensor>());
        using var optimizer = spec.Create(Groups.Of(parameters.Select(entry => (entry.Key, entry.Value))));
        for (var step = 0; step < Steps; step++)
        {
            optimizer.LearningRate = peak * (1 - step / 8.0);
            foreach (var (key, parameter) in parameters)
                parameter.SetGradient(Formula.Numbers($"optimizers.gradient.{key}.{step}", Shapes[key]));
            optimizer.Step();
            foreach (var (key, parameter) in parameters)
                seen[key].Add(parameter.detach().clone());
        }
        foreach (var (key, steps) in seen)
            golden.Compare($"{name}.{key}", stack(steps), 1e-12);
    }
}
