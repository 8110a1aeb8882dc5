using NetVips;

namespace SimCLR.Core.Tests.Images;

/// <summary>A colour of 8 bits a channel.</summary>
internal readonly record struct Colour(byte Red, byte Green, byte Blue, byte Alpha = 255)
{
    internal static readonly Colour Pure = new(255, 0, 0);
    internal static readonly Colour White = new(255, 255, 255);
    internal static readonly Colour Gray = new(128, 128, 128);
}

/// <summary>Formats that the tests write.</summary>
public enum PictureFormat
{
    Png,
    Jpeg,
    Webp,
}

/// <summary>Image files of a few pixels.</summary>
internal static class Picture
{
    /// <summary>An image as a file holds it; with alpha where a pixel is not opaque.</summary>
    internal static byte[] Encode(
        int width,
        int height,
        Func<int, int, Colour> colour,
        PictureFormat format = PictureFormat.Png
    )
    {
        var colours = (
            from y in Enumerable.Range(0, height)
            from x in Enumerable.Range(0, width)
            select colour(x, y)
        ).ToList();
        var bands = colours.Any(pixel => pixel.Alpha < 255) ? 4 : 3;
        var bytes = colours
            .SelectMany(pixel => new[] { pixel.Red, pixel.Green, pixel.Blue, pixel.Alpha }.Take(bands))
            .ToArray();
        using var raw = Image.NewFromMemory(bytes, width, height, bands, Enums.BandFormat.Uchar);
        using var image = raw.Copy(interpretation: Enums.Interpretation.Srgb);
        return format switch
        {
            PictureFormat.Png => image.PngsaveBuffer(),
            PictureFormat.Jpeg => image.JpegsaveBuffer(q: 95),
            _ => image.WebpsaveBuffer(q: 95),
        };
    }

    /// <summary>Reads a file's pixels.</summary>
    internal static (int Width, int Height, Func<int, int, Colour> At) Read(string path)
    {
        using var image = Image.NewFromFile(path);
        var (width, bands, bytes) = (image.Width, image.Bands, image.WriteToMemory<byte>());
        return (
            width,
            image.Height,
            (x, y) =>
            {
                var at = (y * width + x) * bands;
                return new Colour(bytes[at], bytes[at + 1], bytes[at + 2]);
            }
        );
    }
}
