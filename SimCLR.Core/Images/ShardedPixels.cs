using Microsoft.Win32.SafeHandles;

namespace SimCLR.Core.Images;

/// <summary>
/// Reads images from shards by position. Files are read, not mapped: the pages of a map would count as this process's memory
/// until the system takes them back. Any number of threads may read at once.
/// </summary>
internal sealed class ShardedPixels : IDisposable
{
    private readonly SafeFileHandle[] files;
    private readonly string[] paths;
    private readonly long[] ends;
    private readonly int imageBytes;

    internal ShardedPixels(string folder, ShardIndex index)
    {
        (Channels, Height, Width, imageBytes) = (index.Channels, index.Height, index.Width, index.ImageBytes);
        // One whose files were all damaged is empty.
        var shards = index.Shards.Where(shard => shard.Count > 0).ToList();
        paths = [.. shards.Select(shard => Path.Combine(folder, shard.File))];
        files =
        [
            .. paths.Select(path =>
                File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete, options: FileOptions.RandomAccess)
            ),
        ];
        ends = new long[files.Length];
        for (var i = 0; i < files.Length; i++)
            ends[i] = Count += shards[i].Count;
    }

    internal long Count { get; }
    internal long Channels { get; }
    internal long Height { get; }
    internal long Width { get; }

    /// <summary>Copies the images at those indices, one after the other.</summary>
    /// <exception cref="ImageSourceException">A shard is shorter than its index says.</exception>
    internal void Read(ReadOnlySpan<long> indices, Span<byte> into)
    {
        for (var i = 0; i < indices.Length; i++)
        {
            var shard = Array.BinarySearch(ends, indices[i] + 1);
            shard = shard < 0 ? ~shard : shard;
            var first = shard == 0 ? 0 : ends[shard - 1];
            ReadOne(shard, (indices[i] - first) * imageBytes, into.Slice(i * imageBytes, imageBytes));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in files)
            file.Dispose();
    }

    private void ReadOne(int shard, long offset, Span<byte> into)
    {
        while (into.Length > 0)
        {
            var count = RandomAccess.Read(files[shard], into, offset);
            if (count == 0)
                throw new ImageSourceException(
                    $"{paths[shard]} ends at {offset}: it was cut while it was in use. Start again: its images are then decoded anew."
                );
            into = into[count..];
            offset += count;
        }
    }
}
