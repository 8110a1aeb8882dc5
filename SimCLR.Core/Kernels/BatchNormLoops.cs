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
        var at = Row(maps.Channels, maps.X, first);
        var (told, from) = (Row(maps.Channels, maps.Y, first) - at, Row(maps.Channels, maps.Gradient, first) - at);
        // In registers: the sums might lie anywhere, for all the compiler knows.
        var (channels, relu, byY) = (maps.Channels, maps.Relu, maps.Y != 0);
        var mean = maps.Mean;
        var line = maps.Line;
        for (var row = 0; row < count; row++)
        for (var c = 0; c < channels; c += ILanes.Count, at += Step)
        {
            var x = T.Load((byte*)at);
            var v = T.Load((byte*)(at + from));
            if (relu)
                v &= byY ? Passes(T.Load((byte*)(at + told))) : Passes(x, line + c, channels);
            Add(sums + c, v);
            Add(sums + channels + c, v * (x - Vector256.Load(mean + c)));
        }
    }

    /// <summary>Gradients of x and, if asked for, of the residual.</summary>
    internal static void InputGradients(
        in GradientMaps maps,
        nint factors,
        nint ofX,
        nint ofResidual,
        long first,
        int count
    )
    {
        var at = Row(maps.Channels, maps.X, first);
        var (told, from) = (Row(maps.Channels, maps.Y, first) - at, Row(maps.Channels, maps.Gradient, first) - at);
        var (to, other) = (Row(maps.Channels, ofX, first) - at, Row(maps.Channels, ofResidual, first) - at);
        var (channels, relu, byY) = (maps.Channels, maps.Relu, maps.Y != 0);
        var mean = maps.Mean;
        var line = maps.Line;
        for (var row = 0; row < count; row++)
        for (var c = 0; c < channels; c += ILanes.Count, at += Step)
        {
            var factor = (float*)factors + c;
            var x = T.Load((byte*)at);
            var v = T.Load((byte*)(at + from));
            if (relu)
                v &= byY ? Passes(T.Load((byte*)(at + told))) : Passes(x, line + c, channels);
            var leaning = Vector256.Load(factor + channels) * (x - Vector256.Load(mean + c));
            var made = Vector256.Load(factor) * v + leaning + Vector256.Load(factor + 2 * channels);
            T.Store(made, (byte*)(at + to));
            if (ofResidual != 0)
                T.Store(v, (byte*)(at + other));
        }
    }

    /// <summary>All bits where the ReLU lets the gradient through: where y is above zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Passes(Vector256<float> y) => Vector256.GreaterThan(y, Vector256<float>.Zero);

    /// <summary>The same, where y is what becomes of x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Passes(Vector256<float> x, float* slope, int channels) =>
        Passes(x * Vector256.Load(slope) + Vector256.Load(slope + channels));

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
