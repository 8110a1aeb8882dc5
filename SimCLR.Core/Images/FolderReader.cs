using System.Collections.Concurrent;
using System.Diagnostics;

namespace SimCLR.Core.Images;

/// <summary>Decodes files over all cores, straight into one block of pixels.</summary>
/// <param name="height">Height of the images in pixels.</param>
/// <param name="width">Their width.</param>
/// <param name="resize">Whether files of another size are resized and cut; else they are an error.</param>
/// <param name="report">Told of progress and of damaged files.</param>
/// <param name="cancellation">Stops reading.</param>
internal sealed class FolderReader(
    int height,
    int width,
    bool resize,
    Action<string>? report,
    CancellationToken cancellation
)
{
    private const int Named = 5;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(5);

    /// <summary>Reads the files in their order; damaged ones are left out.</summary>
    /// <exception cref="ImageSourceException">Too many are damaged, or one is of another size.</exception>
    internal ImageSet Read(IReadOnlyList<LabelledFile> files, IReadOnlyList<string> classNames)
    {
        var pixels = new PixelBlock(files.Count, 3, height, width);
        try
        {
            var damaged = Decode(files, pixels);
            CheckDamaged(files, damaged);
            return pixels.ToImageSet(Compact(files, pixels, damaged), classNames);
        }
        catch
        {
            pixels.Dispose();
            throw;
        }
    }

    private ConcurrentDictionary<int, string> Decode(IReadOnlyList<LabelledFile> files, PixelBlock pixels)
    {
        var damaged = new ConcurrentDictionary<int, string>();
        var progress = new Progress(files.Count, report);
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
                    try
                    {
                        DecodeOne(files[i].Path, pixels.Image(i));
                    }
                    catch (Exception error)
                        when (error is InvalidDataException or IOException or UnauthorizedAccessException)
                    {
                        damaged[i] = error.Message;
                    }
                    progress.Step();
                }
            );
        }
        catch (AggregateException error) when (error.InnerExceptions.OfType<ImageSourceException>().Any())
        {
            throw error.InnerExceptions.OfType<ImageSourceException>().First();
        }
        return damaged;
    }

    private void DecodeOne(string path, Span<byte> planes)
    {
        if (!resize && ImageDecoder.Measure(path) is var found && found != (width, height))
            throw new ImageSourceException(
                $"{path} has {found.Width} x {found.Height} pixels, but the first image {width} x {height}. "
                    + "State a size, so that all are resized to it."
            );
        ImageDecoder.Decode(path, planes, height, width);
    }

    private void CheckDamaged(IReadOnlyList<LabelledFile> files, ConcurrentDictionary<int, string> damaged)
    {
        if (damaged.IsEmpty)
            return;
        var first = damaged
            .OrderBy(pair => pair.Key)
            .Take(Named)
            .Select(pair => $"{files[pair.Key].Path} ({pair.Value})");
        var summary = $"{damaged.Count} of {files.Count} images cannot be read: {string.Join("; ", first)}";
        if (damaged.Count > ImageFolder.MaxDamaged * files.Count)
            throw new ImageSourceException(
                $"{summary}. More than {ImageFolder.MaxDamaged:p0} are damaged: fetch the data again, or delete these files."
            );
        report?.Invoke($"{summary}. They are left out.");
    }

    /// <summary>Closes the gaps that damaged files leave.</summary>
    /// <returns>The labels of the files left.</returns>
    private static long[] Compact(
        IReadOnlyList<LabelledFile> files,
        PixelBlock pixels,
        ConcurrentDictionary<int, string> damaged
    )
    {
        var labels = new List<long>(files.Count);
        for (var i = 0; i < files.Count; i++)
        {
            if (damaged.ContainsKey(i))
                continue;
            if (labels.Count < i)
                pixels.Image(i).CopyTo(pixels.Image(labels.Count));
            labels.Add(files[i].Label);
        }
        return [.. labels];
    }

    /// <summary>Says now and then how far decoding is.</summary>
    private sealed class Progress(int total, Action<string>? report)
    {
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private int done;
        private long told;

        internal void Step()
        {
            var count = Interlocked.Increment(ref done);
            var last = Interlocked.Read(ref told);
            var now = clock.ElapsedTicks;
            if (report is null || now - last < ReportEvery.TotalSeconds * Stopwatch.Frequency)
                return;
            if (Interlocked.CompareExchange(ref told, now, last) == last)
                report($"Decoded {count} of {total} images");
        }
    }
}
