using BenchmarkDotNet.Attributes;
using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Micro;

/// <summary>Forward and backward of each loss on pairs of embeddings of length 128.</summary>
[MemoryDiagnoser]
public class Losses
{
    /// <summary>Every loss of the library that can be made without arguments.</summary>
    private static readonly Dictionary<string, ILoss> All = typeof(ILoss)
        .Assembly.GetExportedTypes()
        .Where(type => type.IsAssignableTo(typeof(ILoss)) && !type.IsAbstract)
        .Select(type => (type.Name, Loss: Make(type)))
        .ToDictionary(named => named.Name, named => named.Loss);

    private Tensor a = null!;
    private Tensor b = null!;
    private Tensor labels = null!;

    /// <summary>Names of the losses.</summary>
    public static IEnumerable<string> Names => All.Keys;

    /// <summary>Which loss.</summary>
    [ParamsSource(nameof(Names))]
    public string Loss { get; set; } = "";

    /// <summary>Pairs.</summary>
    [Params(256, 1024)]
    public int N { get; set; }

    /// <summary>Makes the embeddings.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        using var generator = new Generator(1, CPU);
        a = randn([N, 128], generator: generator).requires_grad_();
        b = randn([N, 128], generator: generator).requires_grad_();
        labels = arange(N, ScalarType.Int64).remainder(10);
    }

    /// <summary>Forward and backward.</summary>
    [Benchmark]
    public void ForwardAndBackward()
    {
        using var scope = NewDisposeScope();
        All[Loss].Compute(a, b, labels).backward();
    }

    /// <summary>By its constructor, with the defaults of its parameters.</summary>
    private static ILoss Make(Type type)
    {
        var constructor = type.GetConstructors().First();
        return (ILoss)constructor.Invoke([.. constructor.GetParameters().Select(parameter => parameter.DefaultValue)]);
    }
}
