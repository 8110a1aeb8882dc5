using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// Reads images from shards by position, several at a time. Files are read, not mapped: the pages of a map would count as this process's
/// memory until the system takes them back. Any number of threads may read at once.
/// </summary>
internal sealed class ShardedPixels : PixelStore
{
    /// <summary>Threads that read a batch: they wait for the disk, not for a core.</summary>
    private const int Readers = 8;

    private readonly SafeFileHandle[] files;
    private readonly string[] paths;
    private readonly long[] ends;
    private readonly int imageBytes;

    internal ShardedPixels(string folder, ShardIndex index)
        : base(index.Shards.Sum(shard => shard.Count), index.Channels, index.Height, index.Width, index.Bits)
    {
        imageBytes = index.ImageBytes;
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
        var end = 0L;
        for (var i = 0; i < files.Length; i++)
            ends[i] = end += shards[i].Count;
    }

    /// <exception cref="ImageSourceException">A shard is shorter than its index says.</exception>
    internal override Tensor Gather(Tensor places)
    {
        using var here = places.cpu();
        var rows = here.data<long>().ToArray();
        using var block = new PixelBlock(rows.Length, Channels, Height, Width, Bits);
        try
        {
            Parallel.For(
                0,
                rows.Length,
                new ParallelOptions { MaxDegreeOfParallelism = Readers },
                i => Read(rows[i], block.Image(i))
            );
        }
        catch (AggregateException error) when (error.InnerExceptions.OfType<ImageSourceException>().Any())
        {
            throw error.InnerExceptions.OfType<ImageSourceException>().First();
        }
        return block.ToTensor();
    }

    protected override void Release()
    {
        foreach (var file in files)
            file.Dispose();
    }

    private void Read(long image, Span<byte> into)
    {
        var shard = Array.BinarySearch(ends, image + 1);
        shard = shard < 0 ? ~shard : shard;
        var first = shard == 0 ? 0 : ends[shard - 1];
        ReadOne(shard, (image - first) * imageBytes, into);
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
