using NetVips;

namespace SimCLR.Core.Images;

/// <summary>
/// Opens image files with libvips: JPEG, PNG, WebP, GIF, TIFF and AVIF by its loaders, told apart by how the files begin; BMP by
/// <see cref="Bmp"/>. No other loader is ever used.
/// </summary>
internal static class ImageFormats
{
    private const int MagicBytes = 16;

    static ImageFormats()
    {
        // Files are decoded by as many threads as there are cores, each by one; and no file is decoded twice.
        NetVips.NetVips.Concurrency = 1;
        Cache.Max = 0;
        // What is wrong with a file is told by us.
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.All, (_, _, _) => { });
    }

    /// <summary>Opens a file: its header is read, and pixels when they are asked for, from top to bottom.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shrink">JPEGs are decoded that many times smaller: 1, 2, 4 or 8.</param>
    /// <param name="orient">Whether the camera's orientation is followed.</param>
    /// <exception cref="UnreadableImageException">It is not an image.</exception>
    /// <exception cref="VipsException">It is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static Image Open(string path, int shrink = 1, bool orient = false)
    {
        // What turns needs any row at any time.
        var access = orient ? Enums.Access.Random : Enums.Access.Sequential;
        const Enums.FailOn failOn = Enums.FailOn.Error;
        var image = FormatOf(path) switch
        {
            Format.Jpeg => Image.Jpegload(path, shrink: shrink, access: access, failOn: failOn),
            Format.Png => Image.Pngload(path, access: access, failOn: failOn),
            Format.Webp => Image.Webpload(path, access: access, failOn: failOn),
            Format.Gif => Image.GifloadBuffer(Gif.Opaque(File.ReadAllBytes(path)), access: access, failOn: failOn),
            Format.Tiff => Image.Tiffload(path, access: access, failOn: failOn),
            Format.Avif => Image.Heifload(path, access: access, failOn: failOn),
            _ => Bmp.Read(File.ReadAllBytes(path)),
        };
        if (!orient)
            return image;
        using (image)
            return image.Autorot();
    }

    /// <summary>Whether it is a JPEG, which can be decoded smaller.</summary>
    internal static bool IsJpeg(Image image) =>
        image.Contains("vips-loader") && image.Get("vips-loader") is "jpegload" or "jpegload_buffer";

    private enum Format
    {
        Jpeg,
        Png,
        Webp,
        Gif,
        Tiff,
        Avif,
        Bmp,
    }

    private static Format FormatOf(string path)
    {
        Span<byte> start = stackalloc byte[MagicBytes];
        try
        {
            using var file = File.OpenHandle(path);
            start = start[..RandomAccess.Read(file, start, 0)];
        }
        catch (IOException error)
            when (error is FileNotFoundException or DirectoryNotFoundException
                && new FileInfo(path).LinkTarget is { } target
            )
        {
            throw new UnreadableImageException(Unreadable.BrokenLink, $"a link to {target}, which is not there");
        }
        if (start.IsEmpty)
            throw new UnreadableImageException(Unreadable.Empty, "the file is empty");
        return start switch
        {
            [0xff, 0xd8, 0xff, ..] => Format.Jpeg,
            [0x89, 0x50, 0x4e, 0x47, ..] => Format.Png,
            [0x52, 0x49, 0x46, 0x46, _, _, _, _, 0x57, 0x45, 0x42, 0x50, ..] => Format.Webp,
            [0x47, 0x49, 0x46, 0x38, ..] => Format.Gif,
            [0x49, 0x49, 0x2a or 0x2b, 0, ..] or [0x4d, 0x4d, 0, 0x2a or 0x2b, ..] => Format.Tiff,
            [_, _, _, _, 0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66, ..] => Format.Avif,
            [0x42, 0x4d, ..] => Format.Bmp,
            _ => throw new UnreadableImageException(
                Unreadable.NotAnImage,
                "not a JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP file"
            ),
        };
    }
}
