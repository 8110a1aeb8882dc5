using System.Security.Cryptography;
using System.Text;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// A cache of decoded and resized images on disk, in files of up to 256 MiB that can be mapped into memory (docs/image-cache.md).
/// Each file is written whole or not at all, so that an interrupted making goes on where it stopped.
/// </summary>
internal sealed class ShardFolder(string folder, Action<string>? report, CancellationToken cancellation)
{
    /// <summary>Most bytes of a shard.</summary>
    internal const long ShardBytes = 256L << 20;

    /// <summary>The images of these files: from the cache where it is whole and up to date, else decoded now.</summary>
    /// <exception cref="ImageSourceException">Too many files are damaged, or the disk is too small.</exception>
    internal ImageSet Open(
        IReadOnlyList<LabelledFile> files,
        IReadOnlyList<string> classNames,
        int height,
        int width,
        bool resize
    )
    {
        var fingerprint = Fingerprint(files, height, width);
        var index =
            Usable(ShardIndex.TryRead(folder), fingerprint, files, classNames, (height, width))
            ?? new ShardIndex(ShardIndex.CurrentVersion, fingerprint, 3, height, width, classNames, 0, 0, []);
        if (index.Sources < files.Count)
            index = Fill(index, files, new FolderReader(height, width, resize, report, cancellation));
        return ToImageSet(index);
    }

    /// <summary>A set that reads its images from the shards.</summary>
    internal ImageSet ToImageSet(ShardIndex index)
    {
        var pixels = new ShardedPixels(folder, index);
        using var scope = NewDisposeScope();
        return new ImageSet(pixels, tensor(index.Shards.SelectMany(shard => shard.Labels).ToArray()), index.ClassNames);
    }

    /// <summary>What of the index still holds: shards from the first damaged one on are made again.</summary>
    private ShardIndex? Usable(
        ShardIndex? index,
        string fingerprint,
        IReadOnlyList<LabelledFile> files,
        IReadOnlyList<string> classNames,
        (int, int) size
    )
    {
        if (index is null || index.Fingerprint != fingerprint)
            return null;
        var fits =
            (index.Channels, (index.Height, index.Width)) == (3, size) && index.ClassNames.SequenceEqual(classNames);
        if (!fits || !HasTheLabelsOf(files, index))
        {
            report?.Invoke($"The index of the image cache in {folder} is damaged; the cache is made again.");
            return null;
        }
        var whole = index.Shards.TakeWhile(shard => IsWhole(index, shard)).Count();
        if (whole == index.Shards.Count)
            return index;
        report?.Invoke(
            $"The image cache {Path.Combine(folder, index.Shards[whole].File)} is damaged; the cache is made again."
        );
        return null;
    }

    /// <summary>Whether the shards are named as they are written, and their labels are those of the files in order, but for the damaged ones.</summary>
    private static bool HasTheLabelsOf(IReadOnlyList<LabelledFile> files, ShardIndex index)
    {
        if (index.Shards.Where((shard, i) => shard?.File != NameOf(i)).Any())
            return false;
        var labels = index.Shards.SelectMany(shard => shard.Labels).ToList();
        if (index.Sources > files.Count || index.Damaged < 0 || labels.Count + (long)index.Damaged != index.Sources)
            return false;
        var at = 0;
        foreach (var file in files.Take(index.Sources))
            if (at < labels.Count && labels[at] == file.Label)
                at++;
        return at == labels.Count;
    }

    private static string NameOf(int shard) => $"shard-{shard:D5}.u8";

    private bool IsWhole(ShardIndex index, Shard shard)
    {
        var file = new FileInfo(Path.Combine(folder, shard.File));
        if (!file.Exists || file.Length != (long)shard.Labels.Length * index.ImageBytes)
            return false;
        return file.LastWriteTimeUtc.Ticks == shard.Written || Sha256(file.FullName) == shard.Sha256;
    }

    private ShardIndex Fill(ShardIndex index, IReadOnlyList<LabelledFile> files, FolderReader reader)
    {
        var perShard = (int)Math.Max(1, ShardBytes / index.ImageBytes);
        CheckDisk((files.Count - index.Sources) * (long)index.ImageBytes);
        var progress = new DecodingProgress(files.Count, index.Sources, report);
        while (index.Sources < files.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            var part = files.Skip(index.Sources).Take(perShard).ToList();
            using var pixels = new PixelBlock(part.Count, index.Channels, index.Height, index.Width);
            var (labels, damaged) = reader.ReadInto(pixels, part, progress);
            index = index with
            {
                Sources = index.Sources + part.Count,
                Damaged = index.Damaged + damaged,
                Shards = labels.Length == 0 ? index.Shards : [.. index.Shards, Write(index, pixels, labels)],
            };
            reader.CheckDamaged(index.Damaged, index.Sources, files.Count);
            AtomicFile.Write(
                Path.Combine(folder, ShardIndex.FileName),
                stream => stream.Write(Encoding.UTF8.GetBytes(index.ToJson()))
            );
        }
        return index;
    }

    private Shard Write(ShardIndex index, PixelBlock pixels, long[] labels)
    {
        var name = NameOf(index.Shards.Count);
        var path = Path.Combine(folder, name);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AtomicFile.Write(
            path,
            stream =>
            {
                for (var i = 0; i < labels.Length; i++)
                {
                    stream.Write(pixels.Image(i));
                    hash.AppendData(pixels.Image(i));
                }
            }
        );
        return new Shard(
            name,
            labels,
            Convert.ToHexStringLower(hash.GetHashAndReset()),
            File.GetLastWriteTimeUtc(path).Ticks
        );
    }

    private void CheckDisk(long needed)
    {
        Directory.CreateDirectory(folder);
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (needed > free)
            throw new ImageSourceException(
                $"The image cache in {folder} needs {needed / 1e9:f1} GB more, but the disk has {free / 1e9:f1} GB left. "
                    + "Free some, choose a smaller size, or set SIMCLR_CACHE to a folder on another disk."
            );
    }

    /// <summary>Names, lengths and times of the files, and the size: of what changes the pixels.</summary>
    private static string Fingerprint(IReadOnlyList<LabelledFile> files, int height, int width)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{height} {width}"));
        foreach (var file in files)
        {
            var info = new FileInfo(file.Path);
            hash.AppendData(
                Encoding.UTF8.GetBytes($"\n{file.Path}\0{file.Label}\0{info.Length}\0{info.LastWriteTimeUtc.Ticks}")
            );
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Sha256(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
