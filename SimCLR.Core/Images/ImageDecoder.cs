using SkiaSharp;

namespace SimCLR.Core.Images;

/// <summary>
/// Decodes JPEG, PNG, WebP, BMP and GIF (its first frame) to red, green and blue planes. Gray is spread over the
/// three, transparency is dropped, the camera's orientation tag is not followed: as torchvision's loader does.
/// </summary>
internal static class ImageDecoder
{
    /// <summary>Larger images are refused before they are decoded: at 4 bytes a pixel this is 200 MB for each
    /// core.</summary>
    internal const long MaxPixels = 50_000_000;

    /// <summary>Width and height, from the header alone.</summary>
    /// <exception cref="InvalidDataException">It is not an image, or too large.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static (int Width, int Height) Measure(string path)
    {
        using var codec = Open(path);
        return (codec.Info.Width, codec.Info.Height);
    }

    /// <summary>Decodes into planes of height x width: an image of another size is resized, so that it just covers
    /// them, and cut at the centre.</summary>
    /// <exception cref="InvalidDataException">It is not an image, is damaged or too large.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static void Decode(string path, Span<byte> planes, int height, int width)
    {
        using var codec = Open(path);
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info))
            throw new InvalidDataException($"no memory for {info.Width} x {info.Height} pixels");
        var result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
            throw Damaged(path, $"decoding ended with {result}");
        var pixels = bitmap.GetPixelSpan();
        if (info.Width == width && info.Height == height)
            CopyPlanes(pixels, planes);
        else
            CoverResizing.FromRgba(pixels, info.Width, info.Height, planes, width, height);
    }

    private static void CopyPlanes(ReadOnlySpan<byte> rgba, Span<byte> planes)
    {
        var area = planes.Length / 3;
        var red = planes[..area];
        var green = planes.Slice(area, area);
        var blue = planes[(2 * area)..];
        for (var i = 0; i < area; i++)
            (red[i], green[i], blue[i]) = (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]);
    }

    private static SKCodec Open(string path)
    {
        var codec = SKCodec.Create(path, out var result);
        if (codec is null)
            throw Damaged(path, $"not an image ({result})");
        if ((long)codec.Info.Width * codec.Info.Height <= MaxPixels)
            return codec;
        var size = $"{codec.Info.Width} x {codec.Info.Height}";
        codec.Dispose();
        throw new InvalidDataException($"{size} pixels are more than {MaxPixels}");
    }

    /// <summary>A file that the system cannot read is not damaged: then the system's error is thrown.</summary>
    private static InvalidDataException Damaged(string path, string why)
    {
        using var file = File.OpenRead(path);
        file.CopyTo(Stream.Null);
        return new InvalidDataException(why);
    }
}
