using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SimCLR.Core.Images;

/// <summary>
/// Resizing with a triangle filter that widens when an image shrinks (antialiased bilinear, as Pillow's and
/// torchvision's): first along columns, then along rows, in float32, rounded once at the end.
/// </summary>
internal static class CoverResizing
{
    /// <summary>Resizes so that the shorter side just covers the target, and keeps its centre.</summary>
    /// <typeparam name="T">byte or ushort.</typeparam>
    /// <param name="source">Rows from the top, in each the bands of its pixels one after the other.</param>
    /// <param name="sourceWidth">Its pixels in a row.</param>
    /// <param name="sourceHeight">Its rows.</param>
    /// <param name="bands">Numbers per pixel.</param>
    /// <param name="extent">Width and height that the source stands for, in its pixels: its own, but where it was shrunk by a whole
    /// number while it was decoded, and its last column or row is not a whole one.</param>
    /// <param name="planes">Target: the first bands, as many as fit, each height x width.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    internal static void Resize<T>(
        ReadOnlySpan<T> source,
        int sourceWidth,
        int sourceHeight,
        int bands,
        (double Width, double Height) extent,
        Span<T> planes,
        int width,
        int height
    )
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        var scale = Math.Min(extent.Width / width, extent.Height / height);
        var columns = Weights(sourceWidth, extent.Width, width, scale);
        var rows = Weights(sourceHeight, extent.Height, height, scale);
        var (left, right) = (columns[0].First, columns[^1].First + columns[^1].Values.Length);
        // Behind the last pixel there is room for a vector that begins there.
        var line = new float[(right - left) * bands + Vector128<float>.Count];

        for (var y = 0; y < height; y++)
        {
            Array.Clear(line);
            for (var k = 0; k < rows[y].Values.Length; k++)
            {
                var start = ((rows[y].First + k) * (long)sourceWidth + left) * bands;
                AddScaled(line, source.Slice(checked((int)start), (right - left) * bands), rows[y].Values[k]);
            }
            Narrow(line, columns, left, bands, planes, y, width, height);
        }
    }

    /// <summary>For each target pixel, the first source pixel and the weights from there on; they sum to 1.</summary>
    /// <param name="source">Pixels of the source.</param>
    /// <param name="extent">What they stand for, in pixels.</param>
    /// <param name="target">Pixels of the target, which lies at its centre.</param>
    /// <param name="scale">Source pixels per target pixel.</param>
    internal static (int First, float[] Values)[] Weights(int source, double extent, int target, double scale)
    {
        var support = Math.Max(1, scale);
        var offset = (extent - target * scale) / 2;
        return Enumerable
            .Range(0, target)
            .Select(i =>
            {
                var centre = offset + (i + 0.5) * scale;
                var first = Math.Clamp((int)Math.Floor(centre - support + 0.5), 0, source - 1);
                var end = Math.Clamp((int)Math.Floor(centre + support + 0.5), first + 1, source);
                var values = new double[end - first];
                for (var at = first; at < end; at++)
                    values[at - first] = Math.Max(0, 1 - Math.Abs((at + 0.5 - centre) / support));
                var sum = values.Sum();
                return (first, Array.ConvertAll(values, value => (float)(value / sum)));
            })
            .ToArray();
    }

    /// <summary>A row of the target, of all planes.</summary>
    private static void Narrow<T>(
        ReadOnlySpan<float> line,
        (int First, float[] Values)[] columns,
        int left,
        int bands,
        Span<T> planes,
        int y,
        int width,
        int height
    )
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        var (area, taken) = (width * height, planes.Length / (width * height));
        var largest = Vector128.Create(float.CreateTruncating(T.MaxValue));
        ref var start = ref MemoryMarshal.GetReference(line);
        for (var band = 0; band < taken; band += Vector128<float>.Count)
        {
            var count = Math.Min(taken - band, Vector128<float>.Count);
            for (var x = 0; x < width; x++)
            {
                var (first, values) = columns[x];
                var at = (nuint)((first - left) * bands + band);
                var sum = Vector128.Create(0.5f);
                foreach (var value in values)
                {
                    sum += Vector128.LoadUnsafe(ref start, at) * value;
                    at += (nuint)bands;
                }
                var whole = Vector128.ConvertToInt32(Vector128.Min(Vector128.Max(sum, Vector128<float>.Zero), largest));
                var target = band * area + y * width + x;
                planes[target] = T.CreateTruncating(whole.GetElement(0));
                if (count > 1)
                    planes[target + area] = T.CreateTruncating(whole.GetElement(1));
                if (count > 2)
                    planes[target + 2 * area] = T.CreateTruncating(whole.GetElement(2));
                if (count > 3)
                    planes[target + 3 * area] = T.CreateTruncating(whole.GetElement(3));
            }
        }
    }

    private static void AddScaled<T>(Span<float> sum, ReadOnlySpan<T> values, float factor)
        where T : unmanaged, IBinaryInteger<T>
    {
        var done =
            typeof(T) == typeof(byte)
                ? AddBytes(sum, MemoryMarshal.Cast<T, byte>(values), factor)
                : AddShorts(sum, MemoryMarshal.Cast<T, ushort>(values), factor);
        for (; done < values.Length; done++)
            sum[done] += factor * float.CreateTruncating(values[done]);
    }

    private static int AddBytes(Span<float> sum, ReadOnlySpan<byte> values, float factor)
    {
        var i = 0;
        for (; i <= values.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(values[i..]), out var low, out var high);
            Add(sum[i..], low, factor);
            Add(sum[(i + Vector<ushort>.Count)..], high, factor);
        }
        return i;
    }

    private static int AddShorts(Span<float> sum, ReadOnlySpan<ushort> values, float factor)
    {
        var i = 0;
        for (; i <= values.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
            Add(sum[i..], new Vector<ushort>(values[i..]), factor);
        return i;
    }

    private static void Add(Span<float> sum, Vector<ushort> values, float factor)
    {
        Vector.Widen(values, out var low, out var high);
        Add(sum, low, factor);
        Add(sum[Vector<float>.Count..], high, factor);
    }

    private static void Add(Span<float> sum, Vector<uint> values, float factor) =>
        (new Vector<float>(sum) + Vector.ConvertToSingle(Vector.AsVectorInt32(values)) * factor).CopyTo(sum);
}
