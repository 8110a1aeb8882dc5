using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

/// <summary>Images as plain numbers [n, c, y, x], and the statistics that the tests of views share.</summary>
internal static class ViewTesting
{
    internal static Generator Seeded(ulong seed) => new(seed, CPU);

    internal static Tensor RandomImages(long n, long c, long h, long w, ulong seed = 1)
    {
        using var generator = Seeded(seed);
        return rand(n, c, h, w, generator: generator);
    }

    internal static double[,,,] Numbers(Tensor images)
    {
        var shape = images.shape;
        var numbers = new double[shape[0], shape[1], shape[2], shape[3]];
        using var doubles = images.to(ScalarType.Float64).contiguous();
        Buffer.BlockCopy(doubles.data<double>().ToArray(), 0, numbers, 0, sizeof(double) * numbers.Length);
        return numbers;
    }

    internal static double[] Doubles(Tensor numbers)
    {
        using var doubles = numbers.to(ScalarType.Float64).contiguous();
        return doubles.data<double>().ToArray();
    }

    internal static bool[] Flags(Tensor flags) => flags.data<bool>().ToArray();

    /// <summary>A new array of the given size from a function of (n, c, y, x).</summary>
    internal static double[,,,] Fill(long n, long c, long h, long w, Func<int, int, int, int, double> pixel)
    {
        var result = new double[n, c, h, w];
        for (var i = 0; i < n; i++)
        for (var k = 0; k < c; k++)
        for (var y = 0; y < h; y++)
        for (var x = 0; x < w; x++)
            result[i, k, y, x] = pixel(i, k, y, x);
        return result;
    }

    internal static double[,,,] Fill(double[,,,] like, Func<int, int, int, int, double> pixel) =>
        Fill(like.GetLength(0), like.GetLength(1), like.GetLength(2), like.GetLength(3), pixel);

    internal static void Close(double[,,,] expected, Tensor actual, double tolerance = 1e-5)
    {
        var numbers = Numbers(actual);
        Assert.Equal(Shape(expected), Shape(numbers));
        var worst = expected.Cast<double>().Zip(numbers.Cast<double>(), (e, a) => Math.Abs(e - a)).Max();
        Assert.True(worst <= tolerance, $"Largest deviation {worst}, allowed {tolerance}.");
    }

    internal static void Close(Tensor expected, Tensor actual, double tolerance = 1e-5) =>
        Close(Numbers(expected), actual, tolerance);

    internal static bool Same(Tensor a, Tensor b) => a.shape.SequenceEqual(b.shape) && a.bytes.SequenceEqual(b.bytes);

    internal static ViewParameters Parameters(params (string Name, Tensor Tensor)[] named) =>
        new(named.ToDictionary(p => p.Name, p => p.Tensor));

    internal static Tensor Repeat(float value, long n) => full([n], value);

    internal static Tensor All(long n) => ones([n], ScalarType.Bool);

    /// <summary>All tensors of the parameters and of their children.</summary>
    internal static IEnumerable<Tensor> Flatten(ViewParameters parameters) =>
        parameters.Tensors.Values.Concat(parameters.Children.SelectMany(Flatten));

    /// <summary>Kolmogorov-Smirnov at a level of about 0.0001: the greatest distance of the empirical distribution from the stated one.</summary>
    internal static void Distributed(double[] sample, Func<double, double> cumulative)
    {
        var sorted = sample.Order().ToArray();
        var n = (double)sorted.Length;
        var distance = sorted.Select((x, i) => Math.Max(cumulative(x) - i / n, (i + 1) / n - cumulative(x))).Max();
        var bound = 2.23 / Math.Sqrt(n);
        Assert.True(distance < bound, $"Distance {distance}, allowed {bound}.");
    }

    internal static void Uniform(double[] sample, double from, double to) =>
        Distributed(sample, x => Math.Clamp((x - from) / (to - from), 0, 1));

    /// <summary>A frequency within five standard deviations of the stated probability.</summary>
    internal static void Frequency(int count, int n, double p)
    {
        var deviation = Math.Abs(count - n * p) / Math.Sqrt(n * p * (1 - p));
        Assert.True(deviation < 5, $"{count} of {n} is {deviation:F1} standard deviations off {p}.");
    }

    private static int[] Shape(Array array) => [.. Enumerable.Range(0, array.Rank).Select(array.GetLength)];
}
