using BenchmarkDotNet.Attributes;
using SimCLR.Core.Encoders;
using SimCLR.Core.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Micro;

/// <summary>One step of each optimizer on the parameters of a ResNet-18 (11 million).</summary>
[MemoryDiagnoser]
public class Optimizers
{
    /// <summary>Every optimizer of the library, with the defaults of its parameters.</summary>
    private static readonly Dictionary<string, OptimizerSpec> All = typeof(OptimizerSpec)
        .Assembly.GetExportedTypes()
        .Where(type => type.IsSubclassOf(typeof(OptimizerSpec)) && !type.IsAbstract)
        .ToDictionary(type => type.Name.Replace("Spec", ""), Make);

    private Encoder network = null!;
    private IOptimizer optimizer = null!;

    /// <summary>Names of the optimizers.</summary>
    public static IEnumerable<string> Names => All.Keys;

    /// <summary>Which optimizer.</summary>
    [ParamsSource(nameof(Names))]
    public string Optimizer { get; set; } = "";

    /// <summary>Makes parameters and gradients.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        using var generator = new Generator(1, CPU);
        network = new ResNetSpec(18).Create(3, generator);
        optimizer = All[Optimizer].Create(ParameterGroups.Of(network));
        optimizer.LearningRate = 1e-4;
        foreach (var parameter in network.parameters())
            parameter.grad!.uniform_(0, 1);
    }

    /// <summary>One step.</summary>
    [Benchmark]
    public void Step() => optimizer.Step();

    private static OptimizerSpec Make(Type type)
    {
        var constructor = type.GetConstructors()
            .First(one => one.GetParameters().All(parameter => parameter.HasDefaultValue));
        return (OptimizerSpec)
            constructor.Invoke([.. constructor.GetParameters().Select(parameter => parameter.DefaultValue)]);
    }
}
