using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace SimCLR.Core.Tests.Images;

/// <summary>Writes MAT-files of level 5 as MATLAB does, element by element.</summary>
internal static class MatWriter
{
    /// <summary>A file of these elements behind a header.</summary>
    internal static void Write(string path, params byte[][] elements)
    {
        var header = new byte[128];
        Encoding.ASCII.GetBytes("MATLAB 5.0 MAT-file").CopyTo(header, 0);
        (header[125], header[126], header[127]) = (1, (byte)'I', (byte)'M');
        File.WriteAllBytes(path, [.. header, .. elements.SelectMany(element => element)]);
    }

    /// <summary>An array of bytes; its name in the short form of an element where it fits.</summary>
    internal static byte[] Matrix(string name, int[] sizes, byte[] values, int type = 2) =>
        Element(
            14,
            [
                .. Element(6, [9, 0, 0, 0, 0, 0, 0, 0]),
                .. Element(5, [.. sizes.SelectMany(Int32)]),
                .. name.Length <= 4
                    ? Short(1, Encoding.ASCII.GetBytes(name))
                    : Element(1, Encoding.ASCII.GetBytes(name)),
                .. Element(type, values),
            ]
        );

    /// <summary>The element packed by zlib, which is not padded.</summary>
    internal static byte[] Compressed(byte[] element)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal))
            zlib.Write(element);
        var bytes = packed.ToArray();
        return [.. Int32(15), .. Int32(bytes.Length), .. bytes];
    }

    private static byte[] Element(int type, byte[] data) =>
        [.. Int32(type), .. Int32(data.Length), .. data, .. new byte[(8 - data.Length % 8) % 8]];

    private static byte[] Short(int type, byte[] data) =>
        [.. Int32(type | data.Length << 16), .. data, .. new byte[4 - data.Length]];

    private static byte[] Int32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
