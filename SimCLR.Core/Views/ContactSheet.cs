using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>A picture of many images, to check views by eye.</summary>
public static class ContactSheet
{
    private const int Gap = 2;

    /// <summary>Writes the images as a grid, row by row, to a PNG file, making its folder if needed.</summary>
    /// <param name="path">The file, written anew.</param>
    /// <param name="images">[N, C, H, W], float32 in [0, 1] (clipped), any device: of three or more channels the first three are shown, else the first.</param>
    /// <param name="columns">Images per row, at least 1.</param>
    /// <param name="scale">Each pixel becomes scale x scale pixels, at least 1.</param>
    /// <exception cref="ArgumentException">The images are of another shape, or there are none.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, Tensor images, int columns, int scale = 3)
    {
        Require.AtLeast(columns, 1, nameof(columns));
        Require.AtLeast(scale, 1, nameof(scale));
        using var sheet = Draw(images, columns, scale);
        // In memory first: nothing of libvips waits for a disk.
        var png = sheet.PngsaveBuffer();
        AtomicFile.Write(path, file => file.Write(png));
    }

    private static NetVips.Image Draw(Tensor images, int columns, int scale)
    {
        if (images.dim() != 4 || images.numel() == 0)
            throw new ArgumentException(
                $"A contact sheet needs images [N, C, H, W], not [{string.Join(", ", images.shape)}]."
            );
        var (count, height, width) = ((int)images.shape[0], (int)images.shape[2], (int)images.shape[3]);
        var (across, down) = (Total(columns, width), Total((count + columns - 1) / columns, height));
        var pixels = Bytes(images);
        var target = new byte[across * down * 3];
        Array.Fill(target, byte.MaxValue);
        for (var i = 0; i < count; i++)
        {
            var (top, left) = (Total(i / columns, height), Total(i % columns, width));
            for (var y = 0; y < height * scale; y++)
            for (var x = 0; x < width * scale; x++)
            {
                var source = ((i * height + y / scale) * width + x / scale) * 3;
                pixels.AsSpan(source, 3).CopyTo(target.AsSpan(((top + y) * across + left + x) * 3));
            }
        }
        return NetVips.Image.NewFromMemory(target, across, down, 3, NetVips.Enums.BandFormat.Uchar);

        int Total(int cells, int side) => Gap + cells * (side * scale + Gap);
    }

    /// <summary>[N, H, W, 3] as bytes.</summary>
    private static byte[] Bytes(Tensor images)
    {
        using var scope = NewDisposeScope();
        return images
            .detach()
            .narrow(1, 0, images.shape[1] >= 3 ? 3 : 1)
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
