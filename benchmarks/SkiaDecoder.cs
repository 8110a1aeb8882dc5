using SkiaSharp;

namespace SimCLR.Benchmarks;

/// <summary>The decoder of version 0.2, to compare with: SkiaSharp, then a triangle filter in plain loops.</summary>
internal static class SkiaDecoder
{
    /// <summary>Decodes to red, green and blue planes of side x side pixels: resized to cover them, cut at the centre.</summary>
    internal static void Decode(string path, Span<byte> planes, int side)
    {
        using var codec = SKCodec.Create(path);
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap(info);
        if (codec.GetPixels(info, bitmap.GetPixels()) != SKCodecResult.Success)
            throw new InvalidDataException(path);
        Resize(bitmap.GetPixelSpan(), info.Width, info.Height, planes, side);
    }

    private static void Resize(ReadOnlySpan<byte> rgba, int sourceWidth, int sourceHeight, Span<byte> planes, int side)
    {
        var scale = Math.Min((double)sourceWidth / side, (double)sourceHeight / side);
        var columns = Weights(sourceWidth, side, scale);
        var rows = Weights(sourceHeight, side, scale);
        var (firstRow, lastRow) = (rows[0].First, rows[^1].First + rows[^1].Values.Length);
        var narrowed = new float[(lastRow - firstRow) * side * 3];
        for (var y = firstRow; y < lastRow; y++)
            NarrowRow(
                rgba.Slice(y * sourceWidth * 4, sourceWidth * 4),
                columns,
                narrowed.AsSpan((y - firstRow) * side * 3)
            );
        var line = new float[side * 3];
        for (var y = 0; y < side; y++)
        {
            Array.Clear(line);
            for (var k = 0; k < rows[y].Values.Length; k++)
            {
                var values = narrowed.AsSpan((rows[y].First - firstRow + k) * side * 3, side * 3);
                for (var i = 0; i < line.Length; i++)
                    line[i] += rows[y].Values[k] * values[i];
            }
            for (var x = 0; x < side; x++)
            for (var c = 0; c < 3; c++)
                planes[(c * side + y) * side + x] = (byte)Math.Clamp(line[3 * x + c] + 0.5f, 0, 255);
        }
    }

    private static (int First, float[] Values)[] Weights(int source, int target, double scale)
    {
        var support = Math.Max(1, scale);
        var offset = (source - target * scale) / 2;
        return
        [
            .. Enumerable
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
                }),
        ];
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
}
