using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// The open files of a shard folder. They are read, not mapped: the pages of a map would count as this process's memory until the system takes
/// them back. Any number of threads may read at once.
/// </summary>
internal sealed class ShardFiles : IDisposable
{
    /// <summary>Threads that read a batch: they wait for the disk, not for a core.</summary>
    private const int Readers = 8;

    private readonly SafeFileHandle[] files;
    private readonly string[] paths;
    private readonly long[] ends;

    internal ShardFiles(string folder, ShardIndex index)
    {
        // One whose files were all damaged is empty.
        Shards = [.. index.Shards.Where(shard => shard.Count > 0)];
        paths = [.. Shards.Select(shard => Path.Combine(folder, shard.File))];
        files =
        [
            .. paths.Select(path =>
                File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete, options: FileOptions.RandomAccess)
            ),
        ];
        ends = new long[files.Length];
        var end = 0L;
        for (var i = 0; i < files.Length; i++)
            ends[i] = end += Shards[i].Count;
    }

    /// <summary>Those that hold images, in order.</summary>
    internal IReadOnlyList<Shard> Shards { get; }

    /// <summary>In which of the shards an image is, and how many are before it there.</summary>
    internal (int Shard, long Place) Find(long image)
    {
        var shard = Array.BinarySearch(ends, image + 1);
        shard = shard < 0 ? ~shard : shard;
        return (shard, image - (shard == 0 ? 0 : ends[shard - 1]));
    }

    /// <summary>Fills what is given from the place in a shard on.</summary>
    /// <exception cref="ImageSourceException">The shard is shorter than its index says.</exception>
    internal void Read(int shard, long offset, Span<byte> into)
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

    /// <summary>Reads images, several at a time.</summary>
    /// <param name="places">Which, [B], int64.</param>
    /// <param name="read">Reads the image at a place, the second number, as the one of that number, the first.</param>
    /// <exception cref="ImageSourceException">A shard is shorter than its index says.</exception>
    internal static void Each(Tensor places, Action<int, long> read)
    {
        using var here = places.cpu();
        var rows = here.data<long>().ToArray();
        try
        {
            Parallel.For(
                0,
                rows.Length,
                new ParallelOptions { MaxDegreeOfParallelism = Readers },
                i => read(i, rows[i])
            );
        }
        catch (AggregateException error) when (error.InnerExceptions.OfType<ImageSourceException>().Any())
        {
            throw error.InnerExceptions.OfType<ImageSourceException>().First();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in files)
            file.Dispose();
    }
}
