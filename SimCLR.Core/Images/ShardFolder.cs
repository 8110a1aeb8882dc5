using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// A cache of decoded and resized images on disk, in files of about 256 MiB that can be mapped into memory (docs/image-cache.md).
/// Each file is written whole or not at all, so that an interrupted making goes on where it stopped. One process makes the cache while
/// others wait for it.
/// </summary>
/// <param name="folder">Made if it is not there.</param>
/// <param name="report">Told, in words, what takes long and what is damaged.</param>
/// <param name="cancellation">Ends the making, and the waiting for another process.</param>
/// <param name="shardBytes">Most bytes of a shard, but for one of a single image.</param>
internal sealed class ShardFolder(
    string folder,
    Action<string>? report,
    CancellationToken cancellation,
    long shardBytes = ShardFolder.ShardBytes
)
{
    internal const long ShardBytes = 256L << 20;

    /// <summary>Sides of photographs: how much larger whole images are than their squares.</summary>
    private const double LikelyRatio = 4.0 / 3;

    private const string LockFile = "lock";

    /// <summary>The images of these files: from the cache where it is whole and up to date, else decoded now.</summary>
    /// <exception cref="ImageSourceException">Too many files are damaged, one cannot be read, or the disk is too small.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal ImageSet Open(
        IReadOnlyList<LabelledFile> files,
        IReadOnlyList<string> classNames,
        PixelLayout layout,
        bool resize
    )
    {
        var wanted = new ShardIndex(
            ShardIndex.CurrentVersion,
            Fingerprint(files, layout, cancellation),
            layout.Channels,
            layout.Height,
            layout.Width,
            layout.Bits,
            classNames,
            [],
            layout.Whole
        );
        return ToImageSet(Ready(wanted, files) ?? Make(wanted, files, layout, resize));
    }

    /// <summary>A set that reads its images from the shards.</summary>
    internal ImageSet ToImageSet(ShardIndex index)
    {
        PixelStore pixels = index.Whole ? new WholePixels(folder, index) : new ShardedPixels(folder, index);
        using var scope = NewDisposeScope();
        return new ImageSet(
            pixels,
            tensor(index.Shards.SelectMany(shard => shard.EachLabel).ToArray(), device: CPU),
            index.ClassNames
        );
    }

    /// <summary>The index where everything is there and as it was written: then nothing is written, and nobody waited for.</summary>
    private ShardIndex? Ready(ShardIndex wanted, IReadOnlyList<LabelledFile> files) =>
        ShardIndex.TryRead(folder) is { } index
        && index.IsOf(wanted, files)
        && index.Sources == files.Count
        && index.Shards.All(shard => IsUntouched(index, shard))
            ? index
            : null;

    private ShardIndex Make(ShardIndex wanted, IReadOnlyList<LabelledFile> files, PixelLayout layout, bool resize)
    {
        using var held = FileLock.Take(
            Path.Combine(folder, LockFile),
            $"Another process is making the image cache in {folder}: waiting for it.",
            report,
            cancellation
        );
        var index = Usable(wanted, files);
        DeleteStrangers(index);
        var reader = new FolderReader(layout, resize, report, cancellation);
        return Fill(Mend(index, files, reader), files, reader);
    }

    /// <summary>The folder's index if it is of these files, else one without shards.</summary>
    private ShardIndex Usable(ShardIndex wanted, IReadOnlyList<LabelledFile> files)
    {
        var index = ShardIndex.TryRead(folder);
        if (index?.IsOf(wanted, files) == true)
            return index;
        if (File.Exists(Path.Combine(folder, ShardIndex.FileName)))
            report?.Invoke(
                $"The image cache in {folder} is made again: "
                    + (
                        index is null ? "its index is damaged or of another version."
                        : index.Fingerprint != wanted.Fingerprint ? "the images have changed."
                        : "its index is damaged."
                    )
            );
        return wanted;
    }

    /// <summary>Deletes shards of earlier makings, and what interrupted writers left.</summary>
    private void DeleteStrangers(ShardIndex index)
    {
        var known = index.Shards.Select(shard => shard.File).ToHashSet();
        foreach (var pattern in new[] { "shard-*.u*", $"*{AtomicFile.TemporaryEnding}" })
        foreach (var path in Directory.GetFiles(folder, pattern))
            if (!known.Contains(Path.GetFileName(path)))
                File.Delete(path);
    }

    /// <summary>Decodes the images of damaged shards again. Of shards that were touched but are whole, the new times are noted.</summary>
    private ShardIndex Mend(ShardIndex index, IReadOnlyList<LabelledFile> files, FolderReader reader)
    {
        var touched = Enumerable.Range(0, index.Shards.Count).Where(i => !IsUntouched(index, index.Shards[i])).ToList();
        if (touched.Count == 0)
            return index;
        report?.Invoke(
            $"{touched.Count} of {index.Shards.Count} files of the image cache in {folder} are not as they were written: taking checksums."
        );
        var shards = index.Shards.ToArray();
        try
        {
            foreach (var i in touched)
            {
                cancellation.ThrowIfCancellationRequested();
                shards[i] = Mend(index, i, files, reader);
            }
        }
        finally
        {
            // What was looked at is not looked at again, whatever came between.
            (index with { Shards = shards }).Save(folder);
        }
        var mended = index with { Shards = shards };
        reader.CheckDamaged(mended.Damaged, (int)mended.Sources, files.Count);
        return mended;
    }

    /// <summary>A shard that was touched: as it is, or decoded again.</summary>
    private Shard Mend(ShardIndex index, int number, IReadOnlyList<LabelledFile> files, FolderReader reader)
    {
        var shard = index.Shards[number];
        var path = PathOf(shard);
        if (HasItsChecksum(index, shard))
            return shard with { Written = TimeOf(path) };
        report?.Invoke($"{path} is damaged: its {shard.Sources} images are decoded again.");
        var first = (int)index.Shards.Take(number).Sum(before => before.Sources);
        var progress = new DecodingProgress((int)shard.Sources, 0, report);
        var part = Decode(index, [.. files.Skip(first).Take((int)shard.Sources)], reader, progress);
        return Write(index.NameOf(number), part);
    }

    private ShardIndex Fill(ShardIndex index, IReadOnlyList<LabelledFile> files, FolderReader reader)
    {
        var done = (int)index.Sources;
        var likely = (long)(index.ImageBytes * (index.Whole ? LikelyRatio : 1));
        var perShard = (int)Math.Max(1, shardBytes / likely);
        CheckDisk((files.Count - done) * likely);
        var progress = new DecodingProgress(files.Count, done, report);
        // A shard is hashed and written while the next is decoded: of many cores one would else keep the others waiting.
        Task<Shard>? writing = null;
        try
        {
            while (done < files.Count)
            {
                cancellation.ThrowIfCancellationRequested();
                var part = files.Skip(done).Take(perShard).ToList();
                var decoded = Decode(index, part, reader, progress);
                done += part.Count;
                Settle();
                Check(decoded);
                var name = index.NameOf(index.Shards.Count);
                writing = Task.Run(() => Write(name, decoded));
            }
        }
        finally
        {
            Settle();
        }
        return index;

        void Settle()
        {
            if (writing is null)
                return;
            var written = writing;
            writing = null;
            index = index with { Shards = [.. index.Shards, written.GetAwaiter().GetResult()] };
            index.Save(folder);
        }

        void Check(DecodedPart decoded)
        {
            try
            {
                reader.CheckDamaged(index.Damaged + decoded.Damaged, done, files.Count);
            }
            catch
            {
                decoded.Pixels.Dispose();
                throw;
            }
        }
    }

    /// <summary>Pixels of the images of some files, the first as many as there are labels, and how many files were damaged.</summary>
    private readonly record struct DecodedPart(PixelBlock Pixels, long[] Labels, int Damaged);

    private static DecodedPart Decode(
        ShardIndex index,
        IReadOnlyList<LabelledFile> files,
        FolderReader reader,
        DecodingProgress progress
    )
    {
        var pixels = index.Whole
            ? new PixelBlock(reader.WholeSizes(files), index.Channels, index.Bits)
            : new PixelBlock(files.Count, index.Channels, index.Height, index.Width, index.Bits);
        try
        {
            var (labels, damaged) = reader.ReadInto(pixels, files, progress);
            return new DecodedPart(pixels, labels, damaged);
        }
        catch
        {
            pixels.Dispose();
            throw;
        }
    }

    /// <summary>Writes what was decoded as a shard, and lets it go.</summary>
    private Shard Write(string name, DecodedPart decoded)
    {
        using var pixels = decoded.Pixels;
        var path = Path.Combine(folder, name);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AtomicFile.Write(
            path,
            stream =>
            {
                for (var i = 0; i < decoded.Labels.Length; i++)
                    Append(stream, pixels.Image(i));
                if (pixels.IsWhole)
                    Append(stream, WholePixels.Table(decoded.Labels.Select((_, i) => pixels.Size(i)!.Value)));
            }
        );
        var sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
        long? length = pixels.IsWhole ? new FileInfo(path).Length : null;
        return new Shard(name, LabelRun.Of(decoded.Labels), decoded.Damaged, sha256, TimeOf(path), length);

        void Append(Stream stream, ReadOnlySpan<byte> bytes)
        {
            stream.Write(bytes);
            hash.AppendData(bytes);
        }
    }

    private string PathOf(Shard shard) => Path.Combine(folder, shard.File);

    private static long TimeOf(string path) => File.GetLastWriteTimeUtc(path).Ticks;

    private bool HasItsLength(ShardIndex index, Shard shard)
    {
        var file = new FileInfo(PathOf(shard));
        return file.Exists && file.Length == index.LengthOf(shard);
    }

    private bool IsUntouched(ShardIndex index, Shard shard) =>
        HasItsLength(index, shard) && TimeOf(PathOf(shard)) == shard.Written;

    private bool HasItsChecksum(ShardIndex index, Shard shard)
    {
        if (!HasItsLength(index, shard))
            return false;
        using var stream = File.OpenRead(PathOf(shard));
        return Convert.ToHexStringLower(SHA256.HashData(stream)) == shard.Sha256;
    }

    private void CheckDisk(long needed)
    {
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (needed > free)
            throw new ImageSourceException(
                $"The image cache in {folder} needs {needed / 1e9:f1} GB more, but the disk has {free / 1e9:f1} GB left. "
                    + "Free some, choose a smaller size, or set SIMCLR_CACHE to a folder on another disk."
            );
    }

    /// <summary>Names, lengths and times of the files, and the layout: of what changes the pixels.</summary>
    internal static string Fingerprint(
        IReadOnlyList<LabelledFile> files,
        PixelLayout layout,
        CancellationToken cancellation = default
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{layout}")));
        if (layout.Whole)
            hash.AppendData("\nwhole"u8);
        var states = FileQuestions.Ask(files, file => StateOf(file.Path), cancellation);
        var line = new byte[FileQuestions.LongestLine];
        for (var i = 0; i < files.Count; i++)
        {
            var (file, (bytes, written)) = (files[i], states[i]);
            Utf8.TryWrite(
                line,
                CultureInfo.InvariantCulture,
                $"\n{file.Path}\0{file.Label}\0{bytes}\0{written}",
                out var length
            );
            hash.AppendData(line, 0, length);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of a link that points nowhere nothing is known.</summary>
    private static (long Length, long Written) StateOf(string path) =>
        FileState.Of(path) is { } state ? (state.Length, state.Written.Ticks) : default;
}
