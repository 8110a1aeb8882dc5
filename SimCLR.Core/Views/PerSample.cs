using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>What every view does with one number per image. Numbers are drawn on the CPU, so that a seed means the same views on every device.</summary>
internal static class PerSample
{
    /// <summary>Uniform in [from, to), [N], float32.</summary>
    internal static Tensor Uniform(BatchShape batch, double from, double to, Generator generator) =>
        Uniform(batch, [], generator).mul_(to - from).add_(from);

    /// <summary>Uniform in [0, 1), [N, further...], float32.</summary>
    internal static Tensor Uniform(BatchShape batch, long[] further, Generator generator) =>
        rand([batch.Count, .. further], ScalarType.Float32, CPU, generator: generator);

    /// <summary>True with probability p, [N], bool.</summary>
    internal static Tensor Chance(BatchShape batch, double p, Generator generator) =>
        Uniform(batch, [], generator).lt(p);

    /// <summary>Uniform among 0 .. count - 1 where count differs per image, [N], int64.</summary>
    internal static Tensor Below(Tensor count, BatchShape batch, Generator generator)
    {
        var scaled = Uniform(batch, [], generator).mul(count).floor_().to(ScalarType.Int64);
        return minimum(scaled, count - 1); // the product may round up to count
    }

    /// <summary>[N] as [N, 1, 1, 1].</summary>
    internal static Tensor Spread(Tensor numbers) => numbers.view(-1, 1, 1, 1);

    /// <summary>The changed image where chosen, [N], else the original, bit for bit.</summary>
    internal static Tensor Choose(Tensor chosen, Tensor changed, Tensor original) =>
        where(Spread(chosen), changed, original);

    /// <summary>Parameters that outlive the scope they were drawn in.</summary>
    internal static ViewParameters Keep(DisposeScope scope, params ReadOnlySpan<(string Name, Tensor Tensor)> drawn)
    {
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (name, tensor) in drawn)
            tensors[name] = scope.MoveToOuter(tensor);
        return new ViewParameters(tensors);
    }
}
