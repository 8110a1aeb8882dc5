using SimCLR.Core.Runtime;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>A picture of many images, to check views by eye.</summary>
public static class ContactSheet
{
    private const int Gap = 2;

    /// <summary>Writes the images as a grid, row by row, to a PNG file, making its folder if needed.</summary>
    /// <param name="path">The file, written anew.</param>
    /// <param name="images">[N, C, H, W], float32 in [0, 1] (clipped), C 1 or 3, any device.</param>
    /// <param name="columns">Images per row, at least 1.</param>
    /// <param name="scale">Each pixel becomes scale x scale pixels, at least 1.</param>
    /// <exception cref="ArgumentException">The images are of another shape, or there are none.</exception>
    public static void Write(string path, Tensor images, int columns, int scale = 3)
    {
        Require.AtLeast(columns, 1, nameof(columns));
        Require.AtLeast(scale, 1, nameof(scale));
        using var bitmap = Draw(images, columns, scale);
        AtomicFile.Write(
            path,
            file =>
            {
                if (!bitmap.Encode(file, SKEncodedImageFormat.Png, 100))
                    throw new IOException($"{path} could not be encoded as PNG.");
            }
        );
    }

    private static SKBitmap Draw(Tensor images, int columns, int scale)
    {
        if (images.dim() != 4 || images.shape[1] is not (1 or 3) || images.shape[0] == 0)
            throw new ArgumentException(
                $"A contact sheet needs images [N, 1 or 3, H, W], not [{string.Join(", ", images.shape)}]."
            );
        var (count, height, width) = ((int)images.shape[0], (int)images.shape[2], (int)images.shape[3]);
        var rows = (count + columns - 1) / columns;
        var bitmap = new SKBitmap(Total(columns, width), Total(rows, height), SKColorType.Rgba8888, SKAlphaType.Opaque);
        bitmap.Erase(SKColors.White);
        var pixels = Bytes(images);
        var target = bitmap.GetPixelSpan();
        for (var i = 0; i < count; i++)
        {
            var (top, left) = (Total(i / columns, height), Total(i % columns, width));
            for (var y = 0; y < height * scale; y++)
            for (var x = 0; x < width * scale; x++)
            {
                var source = ((i * height + y / scale) * width + x / scale) * 3;
                pixels.AsSpan(source, 3).CopyTo(target[((top + y) * bitmap.RowBytes + (left + x) * 4)..]);
            }
        }
        return bitmap;

        int Total(int cells, int side) => Gap + cells * (side * scale + Gap);
    }

    /// <summary>[N, H, W, 3] as bytes.</summary>
    private static byte[] Bytes(Tensor images)
    {
        using var scope = NewDisposeScope();
        return images
            .detach()
            .cpu()
            .to(ScalarType.Float32)
            .clamp(0, 1)
            .mul_(255)
            .round_()
            .to(ScalarType.Byte)
            .expand(-1, 3, -1, -1)
            .permute(0, 2, 3, 1)
            .contiguous()
            .data<byte>()
            .ToArray();
    }
}
