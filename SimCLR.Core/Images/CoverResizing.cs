namespace SimCLR.Core.Images;

/// <summary>
/// Resizing with a triangle filter that widens when an image shrinks (antialiased bilinear, as Pillow's and
/// torchvision's): first along rows, then along columns, in float32, rounded once at the end.
/// </summary>
internal static class CoverResizing
{
    /// <summary>Resizes so that the shorter side just covers the target, and keeps its centre.</summary>
    /// <param name="rgba">Source, 4 bytes a pixel; the fourth is dropped.</param>
    /// <param name="sourceWidth">Its width.</param>
    /// <param name="sourceHeight">Its height.</param>
    /// <param name="planes">Target: red, green and blue, each height x width.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    internal static void FromRgba(
        ReadOnlySpan<byte> rgba,
        int sourceWidth,
        int sourceHeight,
        Span<byte> planes,
        int width,
        int height
    )
    {
        var scale = Math.Min((double)sourceWidth / width, (double)sourceHeight / height);
        var columns = Weights(sourceWidth, width, scale);
        var rows = Weights(sourceHeight, height, scale);
        var (firstRow, lastRow) = (rows[0].First, rows[^1].First + rows[^1].Values.Length);

        var narrowed = new float[(lastRow - firstRow) * width * 3];
        for (var y = firstRow; y < lastRow; y++)
            NarrowRow(
                rgba.Slice(y * sourceWidth * 4, sourceWidth * 4),
                columns,
                narrowed.AsSpan((y - firstRow) * width * 3)
            );

        var line = new float[width * 3];
        for (var y = 0; y < height; y++)
        {
            Array.Clear(line);
            for (var k = 0; k < rows[y].Values.Length; k++)
                AddScaled(
                    line,
                    narrowed.AsSpan((rows[y].First - firstRow + k) * width * 3, width * 3),
                    rows[y].Values[k]
                );
            for (var x = 0; x < width; x++)
            for (var c = 0; c < 3; c++)
                planes[(c * height + y) * width + x] = (byte)Math.Clamp(line[3 * x + c] + 0.5f, 0, 255);
        }
    }

    /// <summary>For each target pixel, the first source pixel and the weights from there on; they sum to 1.</summary>
    /// <param name="source">Pixels of the source.</param>
    /// <param name="target">Pixels of the target, which lies at its centre.</param>
    /// <param name="scale">Source pixels per target pixel.</param>
    internal static (int First, float[] Values)[] Weights(int source, int target, double scale)
    {
        var support = Math.Max(1, scale);
        var offset = (source - target * scale) / 2;
        return Enumerable
            .Range(0, target)
            .Select(i =>
            {
                var centre = offset + (i + 0.5) * scale;
                var first = Math.Max(0, (int)Math.Floor(centre - support + 0.5));
                var end = Math.Min(source, (int)Math.Floor(centre + support + 0.5));
                var values = Enumerable
                    .Range(first, end - first)
                    .Select(at => Math.Max(0, 1 - Math.Abs((at + 0.5 - centre) / support)))
                    .ToArray();
                var sum = values.Sum();
                return (first, values.Select(value => (float)(value / sum)).ToArray());
            })
            .ToArray();
    }

    private static void NarrowRow(ReadOnlySpan<byte> row, (int First, float[] Values)[] columns, Span<float> output)
    {
        for (var x = 0; x < columns.Length; x++)
        {
            var (first, values) = columns[x];
            var (red, green, blue) = (0f, 0f, 0f);
            for (var k = 0; k < values.Length; k++)
            {
                var at = 4 * (first + k);
                red += values[k] * row[at];
                green += values[k] * row[at + 1];
                blue += values[k] * row[at + 2];
            }
            (output[3 * x], output[3 * x + 1], output[3 * x + 2]) = (red, green, blue);
        }
    }

    private static void AddScaled(Span<float> sum, ReadOnlySpan<float> values, float factor)
    {
        for (var i = 0; i < sum.Length; i++)
            sum[i] += factor * values[i];
    }
}
