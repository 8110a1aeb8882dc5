using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SimCLR.Core.Views;

/// <summary>One image while a processor works on it: channel by channel, float32, with room to work. It belongs to one thread.</summary>
/// <remarks>
/// Each channel begins at a multiple of <see cref="Lanes"/> numbers and is filled up to one, so that loops over vectors need no rest; what stands in
/// the filling means nothing. Vectors are of 256 bits wherever they run, and nothing is fused that the processor might not have: the same numbers
/// on every machine.
/// </remarks>
internal sealed class PixelImage(int channels)
{
    /// <summary>Numbers in a vector.</summary>
    internal const int Lanes = 8;

    private readonly float[][] _scratch =
    [
        [],
        [],
        [],
    ];
    private float[] _current = [];
    private float[] _next = [];

    internal int Channels => channels;

    internal int Height { get; private set; }

    internal int Width { get; private set; }

    /// <summary>Pixels of a channel.</summary>
    internal int Count => Height * Width;

    /// <summary>The matrices that a step resamples with, kept so that no image allocates.</summary>
    internal PixelTaps Rows { get; } = new();

    /// <inheritdoc cref="Rows"/>
    internal PixelTaps Columns { get; } = new();

    /// <summary>A channel, filled up to whole vectors.</summary>
    internal Span<float> Channel(int channel) => Of(_current, channel, Count);

    /// <summary>A channel and what lies behind it, a vector at least: for loops that read beyond a row.</summary>
    internal ReadOnlySpan<float> From(int channel) => _current.AsSpan(channel * Filled(Count));

    /// <summary>Room for an image of another size; <see cref="Take"/> makes it the image.</summary>
    internal Span<float> Next(int channel, int height, int width)
    {
        Grow(ref _next, channels * Filled(height * width));
        return Of(_next, channel, height * width);
    }

    /// <summary>What was written to <see cref="Next"/> is the image now.</summary>
    internal void Take(int height, int width)
    {
        (_current, _next) = (_next, _current);
        (Height, Width) = (height, width);
    }

    /// <summary>Room for numbers, filled up to whole vectors, of which nothing is kept.</summary>
    /// <param name="slot">Which of three.</param>
    /// <param name="count">How many numbers.</param>
    internal Span<float> Scratch(int slot, int count)
    {
        Grow(ref _scratch[slot], Filled(count));
        return _scratch[slot].AsSpan(0, Filled(count));
    }

    /// <summary>Begins with an image of float32.</summary>
    internal void Load(ReadOnlySpan<float> image, int height, int width)
    {
        for (var channel = 0; channel < channels; channel++)
            image.Slice(channel * height * width, height * width).CopyTo(Next(channel, height, width));
        Take(height, width);
    }

    /// <summary>Begins with an image of bytes: byte / 255.</summary>
    internal void Load(ReadOnlySpan<byte> image, int height, int width)
    {
        for (var channel = 0; channel < channels; channel++)
        {
            var from = image.Slice(channel * height * width, height * width);
            var to = Next(channel, height, width);
            var i = 0;
            for (; i + Lanes <= from.Length; i += Lanes)
            {
                var narrow = Vector128.CreateScalar(MemoryMarshal.Read<ulong>(from[i..])).AsByte();
                var wide = Vector256.Create(
                    Vector128.WidenLower(Vector128.WidenLower(narrow)),
                    Vector128.WidenUpper(Vector128.WidenLower(narrow))
                );
                (Vector256.ConvertToSingle(wide.AsInt32()) / Vector256.Create(255f)).CopyTo(to[i..]);
            }
            for (; i < from.Length; i++)
                to[i] = from[i] / 255f;
        }
        Take(height, width);
    }

    /// <summary>Begins with an image of 16 bits: number / 65535.</summary>
    internal void Load(ReadOnlySpan<ushort> image, int height, int width)
    {
        for (var channel = 0; channel < channels; channel++)
        {
            var from = image.Slice(channel * height * width, height * width);
            var to = Next(channel, height, width);
            var i = 0;
            for (; i + Lanes <= from.Length; i += Lanes)
            {
                var narrow = Vector128.Create(from[i..]);
                var wide = Vector256.Create(Vector128.WidenLower(narrow), Vector128.WidenUpper(narrow));
                (Vector256.ConvertToSingle(wide.AsInt32()) / Vector256.Create(65535f)).CopyTo(to[i..]);
            }
            for (; i < from.Length; i++)
                to[i] = from[i] / 65535f;
        }
        Take(height, width);
    }

    /// <summary>Writes the image out.</summary>
    internal void Store(Span<float> image)
    {
        for (var channel = 0; channel < channels; channel++)
            Channel(channel)[..Count].CopyTo(image[(channel * Count)..]);
    }

    /// <summary>Numbers as vectors.</summary>
    internal static Span<Vector256<float>> Vectors(Span<float> numbers) =>
        MemoryMarshal.Cast<float, Vector256<float>>(numbers);

    /// <summary>Within [0, 1].</summary>
    internal static Vector256<float> Clip(Vector256<float> x) =>
        Vector256.Min(Vector256.Max(x, Vector256<float>.Zero), Vector256<float>.One);

    /// <summary>A count, filled up to whole vectors.</summary>
    internal static int Filled(int count) => (count + Lanes - 1) / Lanes * Lanes;

    private static Span<float> Of(float[] numbers, int channel, int count) =>
        numbers.AsSpan(channel * Filled(count), Filled(count));

    private static void Grow(ref float[] numbers, int count)
    {
        if (numbers.Length < count + Lanes)
            numbers = new float[count + Lanes];
    }
}
