using System.Runtime.Intrinsics;

namespace SimCLR.Core.Views;

/// <summary>Linear operators on rows and columns of one image: <see cref="Separable"/> for a processor, on the numbers that count.</summary>
internal static class PixelResampling
{
    private const int Block = 16;

    /// <summary>Exchanges the image for one whose rows, then columns are weighted sums of its own, clipped to [0, 1].</summary>
    /// <param name="pixels">The image, with <see cref="PixelImage.Rows"/> and <see cref="PixelImage.Columns"/> set, the latter's sources counted from left.</param>
    /// <param name="left">First column that is read.</param>
    /// <param name="width">Number of columns that are read.</param>
    internal static void Apply(PixelImage pixels, int left, int width)
    {
        var (rows, columns) = (pixels.Rows, pixels.Columns);
        var (newHeight, newWidth) = (rows.Targets, columns.Targets);
        // Columns are rows of the transposed image: so both are sums of vectors.
        var (wide, high) = (PixelImage.Filled(width), PixelImage.Filled(newHeight));
        var byRows = pixels.Scratch(0, newHeight * wide);
        var turned = pixels.Scratch(1, width * high);
        var byColumns = pixels.Scratch(2, newWidth * high);
        for (var channel = 0; channel < pixels.Channels; channel++)
        {
            Sums(pixels.From(channel)[left..], pixels.Width, rows, byRows, wide);
            Transpose(byRows, wide, newHeight, width, turned, high);
            Sums(turned, high, columns, byColumns, high);
            foreach (ref var vector in PixelImage.Vectors(byColumns))
                vector = PixelImage.Clip(vector);
            Transpose(byColumns, high, newWidth, newHeight, pixels.Next(channel, newHeight, newWidth), newWidth);
        }
        pixels.Take(newHeight, newWidth);
    }

    /// <summary>Row t of the result, a whole number of vectors, is the sum of source rows that t's taps name.</summary>
    private static void Sums(ReadOnlySpan<float> source, int stride, PixelTaps taps, Span<float> result, int width)
    {
        for (var target = 0; target < taps.Targets; target++)
        {
            var index = taps.Index(target);
            var weight = taps.Weight(target);
            var row = PixelImage.Vectors(result.Slice(target * width, width));
            for (var i = 0; i < row.Length; i++)
            {
                var sum = Vector256<float>.Zero;
                for (var tap = 0; tap < index.Length; tap++)
                    sum +=
                        Vector256.Create(source.Slice(index[tap] * stride + i * PixelImage.Lanes, PixelImage.Lanes))
                        * weight[tap];
                row[i] = sum;
            }
        }
    }

    private static void Transpose(
        ReadOnlySpan<float> source,
        int stride,
        int height,
        int width,
        Span<float> result,
        int resultStride
    )
    {
        for (var top = 0; top < height; top += Block)
        for (var left = 0; left < width; left += Block)
        for (var y = top; y < Math.Min(top + Block, height); y++)
        {
            var row = source.Slice(y * stride, width);
            for (var x = left; x < Math.Min(left + Block, width); x++)
                result[x * resultStride + y] = row[x];
        }
    }
}
