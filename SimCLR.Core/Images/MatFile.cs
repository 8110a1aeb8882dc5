using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace SimCLR.Core.Images;

/// <summary>
/// Arrays of bytes in MATLAB's MAT-file, level 5 ("MAT-File Format", MathWorks): a header of 128 bytes, then
/// elements of a tag (type and length) and data, compressed ones with zlib. Numbers are little-endian. Other arrays are an error.
/// </summary>
internal static class MatFile
{
    private const int Bytes = 2; // miUINT8
    private const int Matrix = 14;
    private const int Compressed = 15;
    private const int MaxArrays = 16;

    /// <summary>An array, its values in the order of MATLAB: the first dimension runs fastest.</summary>
    /// <param name="Name">Name of the variable.</param>
    /// <param name="Dimensions">Its sizes.</param>
    /// <param name="Values">Read them before the next array is read.</param>
    internal readonly record struct Array(string Name, int[] Dimensions, Stream Values);

    /// <summary>Gives every array of the file to a reader.</summary>
    /// <exception cref="InvalidDataException">It is not such a file, or damaged.</exception>
    /// <exception cref="EndOfStreamException">It is cut off.</exception>
    internal static void Read(string path, Action<Array> read)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        Span<byte> header = stackalloc byte[128];
        file.ReadExactly(header);
        if (header[124] != 0 || header[125] != 1 || header[126] != 'I' || header[127] != 'M')
            throw new InvalidDataException("it does not begin as a little-endian MAT-file of level 5");
        for (var count = 0; file.Position < file.Length; count++)
        {
            if (count == MaxArrays)
                throw new InvalidDataException($"it holds more than {MaxArrays} arrays");
            var (type, length) = ReadTag(file);
            var end = file.Position + length;
            if (length > file.Length - file.Position)
                throw new EndOfStreamException("it is cut off");
            if (type == Compressed)
            {
                using var unpacked = new ZLibStream(file, CompressionMode.Decompress, leaveOpen: true);
                using var buffered = new BufferedStream(unpacked, 1 << 16);
                if (ReadTag(buffered).Type != Matrix)
                    throw new InvalidDataException("it holds something else than arrays");
                read(ReadArray(buffered));
            }
            else if (type == Matrix)
                read(ReadArray(file));
            else
                throw new InvalidDataException($"it holds an element of type {type}, not an array");
            file.Position = end;
        }
    }

    private static Array ReadArray(Stream stream)
    {
        _ = ReadSmall(stream, 8); // Flags and class: how the values are stored says enough.
        var sizes = ReadSmall(stream, 32);
        var dimensions = Enumerable
            .Range(0, sizes.Length / 4)
            .Select(i => BinaryPrimitives.ReadInt32LittleEndian(sizes.AsSpan(4 * i)))
            .ToArray();
        var name = Encoding.ASCII.GetString(ReadSmall(stream, 64));
        var (type, length) = ReadTag(stream);
        var count = dimensions.Aggregate(1L, (product, size) => checked(product * Math.Max(0, size)));
        return type == Bytes && length == count
            ? new Array(name, dimensions, stream)
            : throw new InvalidDataException(
                $"'{name}' has {length} bytes of type {type}, expected {count} of type {Bytes}"
            );
    }

    /// <summary>The data of an element of at most so many bytes, with the padding to eight behind it.</summary>
    private static byte[] ReadSmall(Stream stream, int most)
    {
        Span<byte> tag = stackalloc byte[8];
        stream.ReadExactly(tag);
        // A length in the upper half of the first word: the data lie in the second.
        if (BinaryPrimitives.ReadUInt16LittleEndian(tag[2..]) is var small and > 0)
            return small <= 4
                ? tag.Slice(4, small).ToArray()
                : throw new InvalidDataException("an element in the short form has more than 4 bytes");
        var length = BinaryPrimitives.ReadInt32LittleEndian(tag[4..]);
        if (length < 0 || length > most)
            throw new InvalidDataException($"an element has {length} bytes, expected {most} at most");
        var data = new byte[(length + 7) / 8 * 8];
        stream.ReadExactly(data);
        return data[..length];
    }

    /// <summary>A tag in the long form.</summary>
    private static (int Type, long Length) ReadTag(Stream stream)
    {
        Span<byte> tag = stackalloc byte[8];
        stream.ReadExactly(tag);
        return (BinaryPrimitives.ReadInt32LittleEndian(tag), BinaryPrimitives.ReadUInt32LittleEndian(tag[4..]));
    }
}
