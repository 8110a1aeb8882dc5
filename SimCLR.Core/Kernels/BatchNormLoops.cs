using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SimCLR.Core.Kernels;

/// <summary>
/// What <see cref="BatchNormPass"/> does to some rows of a map, eight channels at a time. A line is slope and shift of each channel, [2, C]; sums are [2, C], and
/// added to; addresses are those of whole maps; 0: there is none.
/// </summary>
/// <typeparam name="T">The number format of the maps; all else is float32.</typeparam>
internal static unsafe class BatchNormLoops<T>
    where T : struct, ILanes
{
    private static int Step => ILanes.Count * T.Bytes;

    /// <summary>What <see cref="Moments"/> takes off a channel's numbers.</summary>
    internal static float Pivot(nint x, int channel)
    {
        var start = channel - channel % ILanes.Count;
        return T.Load((byte*)x + start * T.Bytes)[channel - start];
    }

    /// <summary>Sums of x less the map's first row, and of its square: the first row is near enough to the mean that the squares do not cancel.</summary>
    internal static void Moments(int channels, nint x, float* sums, long first, int count)
    {
        var at = Row(channels, x, first);
        for (var row = 0; row < count; row++)
        for (var c = 0; c < channels; c += ILanes.Count, at += Step)
        {
            var d = T.Load((byte*)at) - T.Load((byte*)x + c * T.Bytes);
            Add(sums + c, d);
            Add(sums + channels + c, d * d);
        }
    }

    /// <summary>y.</summary>
    internal static void Normalize(
        int channels,
        nint x,
        nint residual,
        nint y,
        nint line,
        bool relu,
        long first,
        int count
    )
    {
        var at = Row(channels, x, first);
        var (to, other) = (Row(channels, y, first) - at, Row(channels, residual, first) - at);
        var slope = (float*)line;
        for (var row = 0; row < count; row++)
        for (var c = 0; c < channels; c += ILanes.Count, at += Step)
        {
            var v = T.Load((byte*)at) * Vector256.Load(slope + c) + Vector256.Load(slope + channels + c);
            if (residual != 0)
                v += T.Load((byte*)(at + other));
            // What is not a number stays so.
            if (relu)
                v = Vector256.AndNot(v, Vector256.LessThanOrEqual(v, Vector256<float>.Zero));
            T.Store(v, (byte*)(at + to));
        }
    }

    /// <summary>Sums of the gradient that has come through the ReLU, and of its product with x - mean.</summary>
    internal static void GradientMoments(in GradientMaps maps, float* sums, long first, int count)
    {
        if (!maps.Relu)
            GradientMoments<Open>(maps, sums, first, count);
        else if (maps.Y != 0)
            GradientMoments<AboveZero>(maps, sums, first, count);
        else
            GradientMoments<LineAboveZero>(maps, sums, first, count);
    }

    private static void GradientMoments<TRelu>(in GradientMaps maps, float* sums, long first, int count)
        where TRelu : struct
    {
        var (x, y, gradient) = (maps.X, maps.Y, maps.Gradient);
        var mean = maps.Mean;
        var line = maps.Line;
        var channels = maps.Channels;
        var (at, end) = (Row(channels, 0, first), Row(channels, 0, first + count));
        while (at < end)
            for (var c = 0; c < channels; c += ILanes.Count, at += Step)
            {
                var v = T.Load((byte*)(gradient + at));
                var from = T.Load((byte*)(x + at));
                v &= Passes<TRelu>(from, y + at, line + c, channels);
                Add(sums + c, v);
                Add(sums + channels + c, v * (from - Vector256.Load(mean + c)));
            }
    }

    /// <summary>Gradients of x and, behind a residual and a ReLU, of the residual.</summary>
    internal static void InputGradients(
        in GradientMaps maps,
        nint factors,
        nint ofX,
        nint ofResidual,
        long first,
        int count
    )
    {
        if (!maps.Relu)
            InputGradients<Open>(maps, (float*)factors, ofX, 0, first, count);
        else if (maps.Y != 0)
            InputGradients<AboveZero>(maps, (float*)factors, ofX, ofResidual, first, count);
        else
            InputGradients<LineAboveZero>(maps, (float*)factors, ofX, 0, first, count);
    }

    private static void InputGradients<TRelu>(
        in GradientMaps maps,
        float* factors,
        nint ofX,
        nint ofResidual,
        long first,
        int count
    )
        where TRelu : struct
    {
        var (x, y, gradient) = (maps.X, maps.Y, maps.Gradient);
        var mean = maps.Mean;
        var line = maps.Line;
        var channels = maps.Channels;
        var (at, end) = (Row(channels, 0, first), Row(channels, 0, first + count));
        while (at < end)
            for (var c = 0; c < channels; c += ILanes.Count, at += Step)
            {
                var v = T.Load((byte*)(gradient + at));
                var from = T.Load((byte*)(x + at));
                v &= Passes<TRelu>(from, y + at, line + c, channels);
                if (typeof(TRelu) == typeof(AboveZero))
                    T.Store(v, (byte*)(ofResidual + at));
                var leaning = Vector256.Load(factors + channels + c) * (from - Vector256.Load(mean + c));
                var made = Vector256.Load(factors + c) * v + leaning + Vector256.Load(factors + 2 * channels + c);
                T.Store(made, (byte*)(ofX + at));
            }
    }

    /// <summary>No ReLU: a gradient passes.</summary>
    private readonly struct Open;

    /// <summary>It passes where y is above zero.</summary>
    private readonly struct AboveZero;

    /// <summary>The same, where y is what becomes of x.</summary>
    private readonly struct LineAboveZero;

    /// <summary>All bits where the ReLU lets the gradient through.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Passes<TRelu>(Vector256<float> x, nint y, float* slope, int channels) =>
        typeof(TRelu) == typeof(Open) ? Vector256<float>.AllBitsSet
        : typeof(TRelu) == typeof(AboveZero) ? Vector256.GreaterThan(T.Load((byte*)y), Vector256<float>.Zero)
        : Vector256.GreaterThan(x * Vector256.Load(slope) + Vector256.Load(slope + channels), Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* sums, Vector256<float> numbers) => (Vector256.Load(sums) + numbers).Store(sums);

    private static nint Row(int channels, nint map, long row) => map + (nint)(row * channels * T.Bytes);
}

/// <summary>Where lies what the backward pass of <see cref="BatchNormPass"/> reads.</summary>
/// <param name="X">What went in.</param>
/// <param name="Y">What came out; 0: the ReLU's mask is found from x.</param>
/// <param name="Gradient">Of y.</param>
/// <param name="Batch">The batch's statistics, [4, C]: mean, 1 / standard deviation, slope, shift.</param>
/// <param name="Channels">C.</param>
/// <param name="Relu">Whether there is a ReLU.</param>
internal readonly unsafe record struct GradientMaps(nint X, nint Y, nint Gradient, nint Batch, int Channels, bool Relu)
{
    internal float* Mean => (float*)Batch;

    internal float* Line => (float*)Batch + 2 * Channels;
}
