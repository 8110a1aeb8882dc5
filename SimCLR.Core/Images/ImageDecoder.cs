using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NetVips;

namespace SimCLR.Core.Images;

/// <summary>What an image file holds.</summary>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Bands">Numbers per pixel.</param>
/// <param name="Bits">Of each number, 8 or 16.</param>
internal readonly record struct ImageHeader(int Width, int Height, int Bands, int Bits);

/// <summary>How an image is to lie in memory: planes, one after the other, of rows from the top.</summary>
/// <param name="Channels">Planes.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Bits">8: bytes; 16: two bytes a number, in this machine's order.</param>
/// <param name="Orient">Whether the camera's orientation tag is followed.</param>
/// <param name="Range">Numbers of the file that become the least and the largest of these bits; null: those of the file's depth.</param>
internal readonly record struct PixelLayout(
    int Channels,
    int Height,
    int Width,
    int Bits = 8,
    bool Orient = false,
    PixelRange? Range = null
)
{
    /// <summary>Longer sides are cut, at the centre, to so many times the shorter one.</summary>
    private const int MostRatio = 16;

    /// <summary>Whether the shorter side alone is <see cref="Width"/>, and the longer one what it is then. Not public, so that it is not printed: the fingerprints of
    /// caches are of what is.</summary>
    internal bool Whole { get; init; }

    /// <summary>Height and width of a whole image of that size. The longer side exceeds the shorter by an even number, so that the square at the centre has the pixels
    /// that an image cut to it has.</summary>
    internal (int Height, int Width) SizeOf(int height, int width)
    {
        var (shorter, longer) = ((long)Math.Min(height, width), (long)Math.Max(height, width));
        var free = Math.Min(Width * longer / shorter, (long)MostRatio * Width) - Width;
        var side = (int)(Width + free / 2 * 2);
        return height <= width ? (Width, side) : (side, Width);
    }

    /// <summary>Bytes of an image.</summary>
    internal int Bytes => checked(Channels * Height * Width * (Bits / 8));
}

/// <summary>
/// Decodes image files (<see cref="ImageFormats"/>) to planes. Gray is spread over three channels, colour becomes gray by Rec. 601's luma,
/// transparency is dropped or, where it is asked for and absent, full, as in Pillow.
/// </summary>
internal static class ImageDecoder
{
    /// <summary>Larger images are refused before they are decoded: each core may hold one, some formats twice.</summary>
    internal const long MaxBytes = 256L << 20;

    /// <summary>JPEGs are decoded smaller, but at least so many times larger than they are wanted.</summary>
    private const double LeastShrink = 3;

    /// <summary>Reads the header alone.</summary>
    /// <exception cref="UnreadableImageException">It is no image, or of a kind that is not read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static ImageHeader Measure(string path, bool orient = false)
    {
        try
        {
            using var image = ImageFormats.Open(path, orient: orient);
            CheckKind(image);
            var bands = image.Interpretation == Enums.Interpretation.Cmyk ? 3 : image.Bands;
            return new ImageHeader(image.Width, image.Height, bands, Bits(image));
        }
        catch (VipsException error)
        {
            throw Damaged(path, error);
        }
    }

    /// <summary>Height and width of an image where it is kept whole, from its header.</summary>
    /// <exception cref="UnreadableImageException">It is no image, or of a kind that is not read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static (int Height, int Width) WholeSize(string path, PixelLayout layout)
    {
        var found = Measure(path, layout.Orient);
        return layout.SizeOf(found.Height, found.Width);
    }

    /// <summary>Decodes an image: one of another size is resized, so that it just covers the layout, and cut at the centre.</summary>
    /// <exception cref="UnreadableImageException">It is no image, damaged, too large, or does not have the channels.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static void Decode(string path, Span<byte> pixels, PixelLayout layout)
    {
        try
        {
            using var image = ImageFormats.Open(path, orient: layout.Orient);
            CheckKind(image);
            var shrink = ImageFormats.IsJpeg(image) ? ShrinkOnLoad(image, layout) : 1;
            var extent = ((double)image.Width / shrink, (double)image.Height / shrink);
            if (shrink == 1)
            {
                Decode(image, extent, pixels, layout);
                return;
            }
            using var smaller = ImageFormats.Open(path, shrink, layout.Orient);
            Decode(smaller, extent, pixels, layout);
        }
        catch (VipsException error)
        {
            throw Damaged(path, error);
        }
    }

    /// <summary>The least and the largest number in a file.</summary>
    /// <exception cref="UnreadableImageException">As in <see cref="Decode(string, Span{byte}, PixelLayout)"/>.</exception>
    internal static PixelRange RangeOf(string path)
    {
        try
        {
            using var image = ImageFormats.Open(path);
            CheckKind(image);
            using var found = image.Stats();
            return new PixelRange(found.Getpoint(0, 0)[0], found.Getpoint(1, 0)[0]);
        }
        catch (VipsException error)
        {
            throw Damaged(path, error);
        }
    }

    /// <summary>Fails for images that take too much memory.</summary>
    internal static void CheckSize(long width, long height, int bands, int bytes)
    {
        if (width * height > MaxBytes / (bands * bytes))
            throw new UnreadableImageException(
                Unreadable.TooLarge,
                $"{width} x {height} pixels of {bands * bytes} bytes are more than {MaxBytes >> 20} MiB; make it smaller"
            );
    }

    private static unsafe void Decode(Image image, (double, double) extent, Span<byte> pixels, PixelLayout layout)
    {
        CheckSize(image.Width, image.Height, image.Bands, Bits(image) / 8);
        var memory = image.WriteToMemory(out _);
        try
        {
            var count = checked(image.Width * image.Height * image.Bands);
            if (Bits(image) == 8)
                Fill(new Span<byte>((void*)memory, count), image, extent, pixels, layout);
            else if (layout is { Bits: 8, Range: null })
                Fill(UpperBytes(memory, count), image, extent, pixels, layout);
            else
                Fill(new Span<ushort>((void*)memory, count), image, extent, pixels, layout);
        }
        finally
        {
            NetVips.NetVips.Free(memory);
        }
    }

    /// <summary>The largest of 1, 2, 4 and 8 that leaves something to resize well.</summary>
    private static int ShrinkOnLoad(Image image, PixelLayout layout)
    {
        var scale = Math.Min((double)image.Width / layout.Width, (double)image.Height / layout.Height);
        return (int)Math.Pow(2, Math.Clamp(Math.Floor(Math.Log2(scale / LeastShrink)), 0, 3));
    }

    private static unsafe Span<byte> UpperBytes(nint memory, int count)
    {
        var wide = new Span<ushort>((void*)memory, count);
        var narrow = new Span<byte>((void*)memory, count);
        for (var i = 0; i < count; i++)
            narrow[i] = (byte)(wide[i] >> 8);
        return narrow;
    }

    private static void Fill<T>(
        Span<T> source,
        Image image,
        (double, double) extent,
        Span<byte> pixels,
        PixelLayout layout
    )
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        var bands = Bands.Convert(source, image, layout.Channels);
        var area = layout.Width * layout.Height;
        var same = Unsafe.SizeOf<T>() * 8 == layout.Bits;
        var planes = same ? MemoryMarshal.Cast<byte, T>(pixels) : new T[layout.Channels * area];
        CoverResizing.Resize<T>(
            source,
            image.Width,
            image.Height,
            image.Bands,
            extent,
            planes[..(bands.Taken * area)],
            layout.Width,
            layout.Height
        );
        bands.Spread(planes, area);
        if (same && layout.Range is null)
            return;
        var range = layout.Range ?? new PixelRange(0, double.CreateTruncating(T.MaxValue));
        if (layout.Bits == 8)
            range.Map<T, byte>(planes, pixels);
        else
            range.Map<T, ushort>(planes, MemoryMarshal.Cast<byte, ushort>(pixels));
    }

    private static int Bits(Image image) => image.Format == Enums.BandFormat.Ushort ? 16 : 8;

    private static void CheckKind(Image image)
    {
        if (image.Format is not (Enums.BandFormat.Uchar or Enums.BandFormat.Ushort))
            throw Unsupported(
                $"its numbers are of the type {image.Format}, not of 8 or 16 bits without sign; convert it"
            );
        if (image.Contains("n-pages") && IsTiff(image) && image.Get("n-pages") is int pages and > 1)
            throw Unsupported($"a TIFF of {pages} pages; make a file of each");
        if (image.Interpretation is Enums.Interpretation.Lab or Enums.Interpretation.Labs)
            throw Unsupported("its colours are CIE Lab; convert it to RGB");
    }

    private static bool IsTiff(Image image) => image.Get("vips-loader") is string loader && loader.StartsWith("tiff");

    private static UnreadableImageException Unsupported(string what) => new(Unreadable.Unsupported, what);

    /// <summary>Says what libvips says. A file that the system cannot read is not damaged: then the system's error is thrown.</summary>
    private static UnreadableImageException Damaged(string path, VipsException error)
    {
        using (var file = File.OpenRead(path))
            file.CopyTo(Stream.Null);
        var lines = error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new UnreadableImageException(Unreadable.Damaged, lines[^1]);
    }
}
