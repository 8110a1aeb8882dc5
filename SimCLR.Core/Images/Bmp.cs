using System.Buffers.Binary;
using System.Numerics;
using NetVips;

namespace SimCLR.Core.Images;

/// <summary>BMP files, which libvips does not read: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits, not compressed.</summary>
internal static class Bmp
{
    private const int FileHeaderBytes = 14;
    private const int InfoHeaderBytes = 40;

    /// <summary>Decodes to red, green and blue.</summary>
    /// <exception cref="UnreadableImageException">It is damaged, too large or compressed.</exception>
    internal static Image Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < FileHeaderBytes + InfoHeaderBytes)
            throw Damaged("it ends in its header");
        var (start, headerBytes) = (Int(file, 10), Int(file, 14));
        var (width, height) = (Int(file, 18), Math.Abs((long)Int(file, 22)));
        var (bits, compression) = (BinaryPrimitives.ReadUInt16LittleEndian(file[28..]), Int(file, 30));
        if (headerBytes < InfoHeaderBytes || width <= 0 || height is <= 0 or > int.MaxValue)
            throw Damaged("its header makes no sense");
        if (bits is not (1 or 4 or 8 or 16 or 24 or 32) || compression is not (0 or 3))
            throw new UnreadableImageException(Unreadable.Unsupported, "a compressed BMP is not read; save it as PNG");
        ImageDecoder.CheckSize(width, height, 3, 1);
        var rowBytes = (width * (long)bits + 31) / 32 * 4;
        if (start < FileHeaderBytes || start + rowBytes * height > file.Length)
            throw Damaged("it ends before its last pixel");

        var colours = bits <= 8 ? Palette(file, FileHeaderBytes + headerBytes, start) : [];
        var masks = bits > 8 ? Masks(file, bits, compression) : default;
        var pixels = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
        {
            // Rows come from the bottom, but where the height is negative.
            var row = file.Slice((int)(start + (Int(file, 22) < 0 ? y : height - 1 - y) * rowBytes), (int)rowBytes);
            for (var x = 0; x < width; x++)
            {
                var (red, green, blue) = bits <= 8 ? colours[Index(row, x, bits)] : Colour(row, x, bits, masks);
                var at = (int)(y * width + x) * 3;
                (pixels[at], pixels[at + 1], pixels[at + 2]) = (red, green, blue);
            }
        }
        return Image.NewFromMemory(pixels, width, (int)height, 3, Enums.BandFormat.Uchar);
    }

    private static int Int(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadInt32LittleEndian(file[at..]);

    private static int Index(ReadOnlySpan<byte> row, int x, int bits) =>
        row[x * bits / 8] >> (8 - bits - x * bits % 8) & (1 << bits) - 1;

    /// <summary>256 colours; those that the file lacks are black.</summary>
    private static (byte, byte, byte)[] Palette(ReadOnlySpan<byte> file, int from, int to)
    {
        var colours = new (byte, byte, byte)[256];
        for (var i = 0; i < colours.Length && from + 4 * i + 4 <= Math.Min(to, file.Length) && from > 0; i++)
            colours[i] = (file[from + 4 * i + 2], file[from + 4 * i + 1], file[from + 4 * i]);
        return colours;
    }

    private static (uint Red, uint Green, uint Blue) Masks(ReadOnlySpan<byte> file, int bits, int compression) =>
        compression == 3 && bits != 24 && file.Length >= FileHeaderBytes + InfoHeaderBytes + 12
            ? ((uint)Int(file, 54), (uint)Int(file, 58), (uint)Int(file, 62))
        : bits == 16 ? (0x7c00u, 0x3e0u, 0x1fu)
        : (0xff0000u, 0xff00u, 0xffu);

    private static (byte, byte, byte) Colour(
        ReadOnlySpan<byte> row,
        int x,
        int bits,
        (uint Red, uint Green, uint Blue) masks
    )
    {
        var pixel = row[(x * bits / 8)..];
        var value = bits switch
        {
            16 => BinaryPrimitives.ReadUInt16LittleEndian(pixel),
            24 => (uint)(pixel[0] | pixel[1] << 8 | pixel[2] << 16),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(pixel),
        };
        return (Part(value, masks.Red), Part(value, masks.Green), Part(value, masks.Blue));
    }

    /// <summary>The bits under a mask, spread over 0 to 255.</summary>
    private static byte Part(uint value, uint mask)
    {
        if (mask == 0)
            return 0;
        var shift = BitOperations.TrailingZeroCount(mask);
        return (byte)((value & mask) >> shift) is var part && mask >> shift == 255
            ? part
            : (byte)((ulong)((value & mask) >> shift) * 255 / (mask >> shift));
    }

    private static UnreadableImageException Damaged(string why) => new(Unreadable.Damaged, why);
}
