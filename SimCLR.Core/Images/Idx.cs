using System.Buffers.Binary;
using System.IO.Compression;

namespace SimCLR.Core.Images;

/// <summary>
/// Files in the IDX format of MNIST, plain or gzipped: two zero bytes, the type (8: uint8), the number of dimensions,
/// each dimension as big-endian int32, then the values.
/// </summary>
internal static class Idx
{
    /// <summary>More items than this are taken for damage.</summary>
    internal const int MaxItems = 1_000_000;

    /// <summary>Reads grayscale images of the side stated.</summary>
    internal static PixelBlock ReadImages(string path, int side) =>
        Open(
            path,
            stream =>
            {
                var sizes = ReadHeader(path, stream, 3);
                if (sizes[1] != side || sizes[2] != side)
                    throw Damaged(path, $"holds images of {sizes[1]} x {sizes[2]} pixels, expected {side} x {side}");
                CheckRoom(path, (long)sizes[0] * side * side);
                var pixels = new PixelBlock(sizes[0], 1, side, side);
                try
                {
                    for (var i = 0; i < sizes[0]; i++)
                        stream.ReadExactly(pixels.Image(i));
                    NeedsEnd(path, stream);
                    return pixels;
                }
                catch
                {
                    pixels.Dispose();
                    throw;
                }
            }
        );

    /// <summary>Reads labels, each below the number of classes.</summary>
    internal static long[] ReadLabels(string path, int classes) =>
        Open(
            path,
            stream =>
            {
                var labels = new byte[ReadHeader(path, stream, 1)[0]];
                stream.ReadExactly(labels);
                NeedsEnd(path, stream);
                var wrong = Array.FindIndex(labels, label => label >= classes);
                if (wrong >= 0)
                    throw Damaged(
                        path,
                        $"gives item {wrong} the label {labels[wrong]}, but labels end at {classes - 1}"
                    );
                return Array.ConvertAll(labels, label => (long)label);
            }
        );

    internal static ImageSourceException Damaged(string path, string how, Exception? inner = null) =>
        new($"{path} {how}: it is damaged, or not the file expected. Delete it and fetch it again.", inner);

    private static int[] ReadHeader(string path, Stream stream, int dimensions)
    {
        Span<byte> header = stackalloc byte[4 + 4 * dimensions];
        stream.ReadExactly(header);
        if (header[0] != 0 || header[1] != 0 || header[2] != 8 || header[3] != dimensions)
            throw Damaged(
                path,
                $"begins with {Convert.ToHexString(header[..4])}, expected 000008{dimensions:x2} (IDX, uint8, {dimensions} dimensions)"
            );
        var sizes = new int[dimensions];
        for (var i = 0; i < dimensions; i++)
            sizes[i] = BinaryPrimitives.ReadInt32BigEndian(header[(4 + 4 * i)..]);
        return sizes[0] is > 0 and <= MaxItems
            ? sizes
            : throw Damaged(path, $"states {sizes[0]} items, expected 1 to {MaxItems}");
    }

    /// <summary>A header may state more than the file can hold: deflate packs 1,032 bytes into one at most.</summary>
    private static void CheckRoom(string path, long bytes)
    {
        var length = new FileInfo(path).Length;
        var most = IsZipped(path) ? 1032 * length : length;
        if (bytes > most)
            throw Damaged(path, $"states {bytes} bytes of pixels, but has {length} bytes itself: it ends too early");
    }

    private static bool IsZipped(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static void NeedsEnd(string path, Stream stream)
    {
        if (stream.ReadByte() >= 0)
            throw Damaged(path, "goes on after its last item");
    }

    private static T Open<T>(string path, Func<Stream, T> read)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            if (!IsZipped(path))
                return read(file);
            using var unzipped = new BufferedStream(new GZipStream(file, CompressionMode.Decompress), 1 << 16);
            return read(unzipped);
        }
        catch (Exception error) when (error is EndOfStreamException or InvalidDataException)
        {
            throw Damaged(path, $"ends too early or does not unpack ({error.Message})", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageSourceException($"{path} could not be read: {error.Message} Check its rights.", error);
        }
    }
}
