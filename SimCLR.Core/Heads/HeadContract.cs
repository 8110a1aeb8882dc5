using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Heads;

/// <summary>What a projection head of one's own must keep to be trained, tried on four rows.</summary>
public static class HeadContract
{
    private const int Count = 4;

    /// <summary>What a head does wrong, each with a remedy; nothing for one that can be trained: it makes z of the length that it tells, finite and float32, its seed decides its
    /// weights, all of which it has registered, and it sees each row by itself when it evaluates.</summary>
    /// <param name="spec">Makes it, twice, on the CPU.</param>
    /// <param name="featureSize">Length of h.</param>
    public static IReadOnlyList<string> Check(HeadSpec spec, long featureSize = 16)
    {
        LibTorch.Load();
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var h = randn([Count, featureSize], generator: generator);
        try
        {
            using var head = Make(spec, featureSize);
            using var again = Make(spec, featureSize);
            return Unregistered.Of(head) is { } problem
                ? [problem]
                : [.. new ModuleContract("rows of h", "z", head.OutputSize).Wrong(head, again, h)];
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return [$"it fails on h [{Count}, {featureSize}]: {error.Message.Trim()}"];
        }
    }

    private static ProjectionHead Make(HeadSpec spec, long featureSize)
    {
        using var weights = new Generator(2);
        return spec.Create(featureSize, weights);
    }
}
