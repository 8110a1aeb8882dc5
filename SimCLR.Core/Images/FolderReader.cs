using System.Collections.Concurrent;

namespace SimCLR.Core.Images;

/// <summary>Decodes files over all cores, straight into one block of pixels.</summary>
/// <param name="layout">Of each image.</param>
/// <param name="resize">Whether files of another size are resized and cut; else they are an error.</param>
/// <param name="report">Told of progress and of damaged files.</param>
/// <param name="cancellation">Stops reading.</param>
internal sealed class FolderReader(
    PixelLayout layout,
    bool resize,
    Action<string>? report,
    CancellationToken cancellation
)
{
    private const int Named = 5;

    private readonly List<string> named = [];
    private readonly SortedDictionary<Unreadable, int> causes = [];

    /// <summary>Reads the files in their order; damaged ones are left out.</summary>
    /// <exception cref="ImageSourceException">Too many are damaged, one cannot be read, or is of another size.</exception>
    internal ImageSet Read(IReadOnlyList<LabelledFile> files, IReadOnlyList<string> classNames)
    {
        var pixels = new PixelBlock(files.Count, layout.Channels, layout.Height, layout.Width, layout.Bits);
        try
        {
            var (labels, damaged) = ReadInto(pixels, files, new DecodingProgress(files.Count, 0, report));
            CheckDamaged(damaged, files.Count, files.Count);
            return pixels.ToImageSet(labels, classNames);
        }
        catch
        {
            pixels.Dispose();
            throw;
        }
    }

    /// <summary>Reads files into a block of as many images; damaged ones are left out, told of and counted.</summary>
    /// <exception cref="ImageSourceException">One cannot be read, or is of another size.</exception>
    internal (long[] Labels, int Damaged) ReadInto(
        PixelBlock pixels,
        IReadOnlyList<LabelledFile> files,
        DecodingProgress progress
    )
    {
        var damaged = Decode(files, pixels, progress);
        Tell(files, damaged);
        return (Compact(files, pixels, damaged), damaged.Count);
    }

    /// <summary>Refuses a split of which too many files are damaged.</summary>
    /// <param name="damaged">So far.</param>
    /// <param name="read">Files read so far.</param>
    /// <param name="all">Files of the split.</param>
    internal void CheckDamaged(int damaged, int read, int all)
    {
        if (damaged > ImageFolder.MaxDamaged * all)
            throw new ImageSourceException(
                $"{damaged} of {read} images cannot be read ({Counted(causes)}): {string.Join("; ", named)}. More than {ImageFolder.MaxDamaged:p0} of {all} cannot be used: "
                    + string.Join("; ", causes.Keys.Select(Remedy))
                    + "."
            );
    }

    /// <summary>Heights and widths that whole images will have, read from the files' beginnings; of damaged ones 0.</summary>
    /// <exception cref="ImageSourceException">One cannot be read.</exception>
    internal (int Height, int Width)[] WholeSizes(IReadOnlyList<LabelledFile> files)
    {
        var sizes = new (int Height, int Width)[files.Count];
        Each(files, i => sizes[i] = ImageDecoder.WholeSize(files[i].Path, layout));
        return sizes;
    }

    private ConcurrentDictionary<int, UnreadableImageException> Decode(
        IReadOnlyList<LabelledFile> files,
        PixelBlock pixels,
        DecodingProgress progress
    ) =>
        Each(
            files,
            i =>
            {
                try
                {
                    DecodeOne(files[i].Path, pixels.Image(i), pixels.Size(i));
                }
                finally
                {
                    progress.Step();
                }
            }
        );

    /// <summary>Does something with each file, over all cores.</summary>
    /// <returns>Of those that are damaged, by their number, why.</returns>
    /// <exception cref="ImageSourceException">One cannot be read.</exception>
    private ConcurrentDictionary<int, UnreadableImageException> Each(
        IReadOnlyList<LabelledFile> files,
        Action<int> action
    )
    {
        var damaged = new ConcurrentDictionary<int, UnreadableImageException>();
        var options = new ParallelOptions
        {
            CancellationToken = cancellation,
            MaxDegreeOfParallelism = Environment.ProcessorCount,
        };
        try
        {
            Parallel.For(
                0,
                files.Count,
                options,
                i =>
                {
                    // As in FileQuestions: the loop itself looks only between parts of any length.
                    cancellation.ThrowIfCancellationRequested();
                    try
                    {
                        action(i);
                    }
                    catch (UnreadableImageException error)
                    {
                        damaged[i] = error;
                    }
                    catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                    {
                        throw new ImageSourceException(
                            $"{files[i].Path} could not be read: {error.Message.TrimEnd('.')}. Check disk, network and rights, and start "
                                + "again; what is in a cache on disk is kept.",
                            error
                        );
                    }
                }
            );
        }
        catch (AggregateException error) when (error.InnerExceptions.OfType<ImageSourceException>().Any())
        {
            throw error.InnerExceptions.OfType<ImageSourceException>().First();
        }
        return damaged;
    }

    /// <param name="path">The file.</param>
    /// <param name="planes">Where to.</param>
    /// <param name="size">Height and width of a whole image; null: those of the layout.</param>
    private void DecodeOne(string path, Span<byte> planes, (int Height, int Width)? size)
    {
        if (size is { } whole)
        {
            // Of a damaged one this says why.
            if (whole == default && ImageDecoder.WholeSize(path, layout) != whole)
                throw new UnreadableImageException(Unreadable.Damaged, "it changed while it was read");
            ImageDecoder.Decode(path, planes, layout with { Height = whole.Height, Width = whole.Width });
            return;
        }
        if (
            !resize
            && ImageDecoder.Measure(path, layout.Orient) is var found
            && (found.Width, found.Height) != (layout.Width, layout.Height)
        )
            throw new ImageSourceException(
                $"{path} has {found.Width} x {found.Height} pixels, but the first image {layout.Width} x {layout.Height}. "
                    + "State a size, so that all are resized to it."
            );
        ImageDecoder.Decode(path, planes, layout);
    }

    private void Tell(IReadOnlyList<LabelledFile> files, ConcurrentDictionary<int, UnreadableImageException> damaged)
    {
        if (damaged.IsEmpty)
            return;
        var first = damaged
            .OrderBy(pair => pair.Key)
            .Take(Named)
            .Select(pair => $"{files[pair.Key].Path} ({pair.Value.Message})")
            .ToList();
        named.AddRange(first.Take(Named - named.Count));
        var counts = new SortedDictionary<Unreadable, int>();
        foreach (var error in damaged.Values)
        {
            counts[error.Cause] = counts.GetValueOrDefault(error.Cause) + 1;
            causes[error.Cause] = causes.GetValueOrDefault(error.Cause) + 1;
        }
        report?.Invoke(
            $"{damaged.Count} of {files.Count} images cannot be read ({Counted(counts)}): {string.Join("; ", first)}. They are left out."
        );
    }

    private static string Counted(IReadOnlyDictionary<Unreadable, int> causes) =>
        string.Join(
            ", ",
            causes.Select(cause =>
                $"{cause.Value} "
                + cause.Key switch
                {
                    Unreadable.BrokenLink => "broken links",
                    Unreadable.Empty => "empty",
                    Unreadable.NotAnImage => "no images",
                    Unreadable.Damaged => "damaged",
                    Unreadable.TooLarge => "too large",
                    _ => "of a kind that is not read",
                }
            )
        );

    private static string Remedy(Unreadable cause) =>
        cause switch
        {
            Unreadable.BrokenLink => "mend or delete broken links",
            Unreadable.TooLarge => "make too large images smaller",
            Unreadable.Unsupported => "convert those that are not read",
            Unreadable.NotAnImage => "delete or rename what is no image",
            _ => "fetch damaged and empty files again, or delete them",
        };

    /// <summary>Closes the gaps that damaged files leave.</summary>
    /// <returns>The labels of the files left.</returns>
    private static long[] Compact(
        IReadOnlyList<LabelledFile> files,
        PixelBlock pixels,
        ConcurrentDictionary<int, UnreadableImageException> damaged
    )
    {
        var labels = new List<long>(files.Count);
        for (var i = 0; i < files.Count; i++)
        {
            if (damaged.ContainsKey(i))
                continue;
            if (labels.Count < i)
                pixels.Move(i, labels.Count);
            labels.Add(files[i].Label);
        }
        return [.. labels];
    }
}
