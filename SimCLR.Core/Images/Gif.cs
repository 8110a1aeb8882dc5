namespace SimCLR.Core.Images;

/// <summary>The blocks of a GIF file.</summary>
internal static class Gif
{
    private const int HeaderBytes = 13;
    private const byte Extension = 0x21;
    private const byte GraphicControl = 0xf9;

    /// <summary>
    /// Makes the first picture opaque, in place: its transparent pixels then show their colour of the palette, as in Pillow and torchvision.
    /// A decoder leaves them out, and their colour would be lost.
    /// </summary>
    internal static byte[] Opaque(byte[] file)
    {
        if (file.Length < HeaderBytes)
            return file;
        var at = HeaderBytes + PaletteBytes(file[10]);
        while (at + 4 <= file.Length && file[at] == Extension)
        {
            if (file[at + 1] == GraphicControl)
                file[at + 3] &= 0xfe;
            at += 2;
            while (at < file.Length && file[at] != 0)
                at += 1 + file[at];
            at++;
        }
        return file;
    }

    private static int PaletteBytes(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
}
