using System.Diagnostics;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>From the cache to both views, of squares and of whole images, of 8 and 16 bits: what a training on them does but for its networks.</summary>
internal static class WholeBenchmark
{
    internal const string Help =
        "images on disk to two random crops of 224 pixels: squares and whole images, of 8 and 16 bits\n"
        + "[--side 256] [--batch 128] [--steps 40] [--bits 8,16] [--write]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "side", "batch", "steps", "bits", "write");
        LibTorch.Load();
        var (side, batch) = (options.Number("side", 256, 32), options.Number("batch", 128, 2));
        var steps = options.Number("steps", 40, 4);
        var section = new Section($"Whole images and squares, {Machine.Place(CPU)}");
        section.Say(
            $"{Machine.Describe(CPU)}. Images of 500x375 as they lie in the cache, the shorter side {side} pixels, in batches of {batch}: read, or read, cropped to 224 pixels and flipped, twice. "
                + "Images/s, not views/s. Memory beside what the process had before, at its peak."
        );
        var rows = new List<string[]>();
        foreach (var bits in options.Numbers("bits", "8,16", 8))
        foreach (var whole in new[] { false, true })
            rows.Add(Measure(side, batch, steps, bits, whole));
        section.Table(
            ["", "MB of an image", "read, images/s", "read and views, images/s", "buffers, MiB", "peak, MiB"],
            rows
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    private static string[] Measure(int side, int batch, int steps, int bits, bool whole)
    {
        var folder = Directory.CreateTempSubdirectory("simclr-whole-").FullName;
        try
        {
            using var images = SyntheticShards.Write(folder, batch * Math.Min(steps, 16), side, bits, whole);
            var bytes = new DirectoryInfo(folder).GetFiles("shard-*").Sum(file => file.Length) / images.Count;
            NativeHeap.Release();
            var before = Machine.Memory().Now;
            Machine.ResetPeak();
            var (read, buffers) = Rate(images, batch, steps, views: false);
            var (seen, _) = Rate(images, batch, steps, views: true);
            return
            [
                $"{(whole ? "whole images" : "squares")}, {bits} bits",
                $"{bytes / 1e6:F2}",
                $"{read:N0}",
                $"{seen:N0}",
                $"{buffers / 1048576.0:N0}",
                $"{Machine.Memory().Peak - before:N0}",
            ];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (double Rate, long Buffers) Rate(ImageSet images, int batch, int steps, bool views)
    {
        var streams = new RandomStreams(1);
        using var feed = new PrefetchFeed(images, new BatchOrder(streams, images.Count, batch), CPU, steps);
        var view = new Sequence(new RandomResizedCrop(224), new HorizontalFlip());
        var clock = new Stopwatch();
        for (var step = 0; step < steps; step++)
        {
            // What was ready by then is not counted.
            if (step == PrefetchFeed.Ahead)
                clock.Start();
            using var seen = new BatchViews(feed.Batch(step), [view, view], streams, step);
            if (views)
                seen.Views(0, batch).Dispose();
        }
        return ((steps - PrefetchFeed.Ahead) * batch / clock.Elapsed.TotalSeconds, feed.BufferBytes);
    }
}
