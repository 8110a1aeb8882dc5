extern alias values;
using System.Diagnostics;
using values::SimCLR;
using Microsoft.FSharp.Core;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>From an image folder with a made cache to its first batch, for as many images as ImageNet has: files are empty, and shards take no room on the
/// disk, for only what is asked before the first image is decoded is measured.</summary>
internal static class StartBenchmark
{
    private const int Side = 256;
    private const int Classes = 1000;
    private const int TestImages = 50_000;

    internal const string Help =
        "from an image folder with a made cache to its first batch, of as many images as ImageNet has\n"
        + "[--images 1281167] [--write]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "images", "write");
        LibTorch.Load();
        var section = new Section($"Start with a made cache, {Machine.Place(CPU)}");
        var folder = Directory.CreateTempSubdirectory("simclr-start-").FullName;
        try
        {
            Measure(section, folder, options.Number("images", 1_281_167, Classes));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    private static void Measure(Section section, string folder, int count)
    {
        Environment.SetEnvironmentVariable("SIMCLR_CACHE", Path.Combine(folder, "cache"));
        var root = Path.Combine(folder, "images");
        Write(Path.Combine(root, "train"), count);
        Write(Path.Combine(root, "val"), TestImages);
        var source = new ImageFolder(root, Side, stream: true);
        Cache(source, root);
        section.Say(
            $"{Machine.Describe(CPU)}. {count:N0} training and {TestImages:N0} test images of {Side}x{Side} in {Classes} class folders each."
        );

        var rows = new List<string[]>();
        T Timed<T>(string what, Func<T> action)
        {
            using var process = Process.GetCurrentProcess();
            var (clock, before) = (Stopwatch.StartNew(), process.TotalProcessorTime);
            var result = action();
            var seconds = clock.Elapsed.TotalSeconds;
            process.Refresh();
            rows.Add([what, $"{seconds:F1}", $"{(process.TotalProcessorTime - before).TotalSeconds:F1}"]);
            return result;
        }

        Timed("listing alone", source.ClassNames);
        using var splits = Timed("all of loading, listing included", () => source.Load());
        using var some = Timed("256 images after that", () => splits.Train.Rows(count - 256, 256));
        Timed("the content's fingerprint, for provenance", source.Fingerprint);
        Timed("a run, all of that included, to the beginning of its training", () => Begin(root, folder));
        section.Table(["", "seconds", "processor seconds"], rows);
        section.Say($"Resident memory at the end {Machine.Memory().Now:N0} MiB.");
    }

    /// <summary>Executes a run until it begins: its images are checked and read by then.</summary>
    private static bool Begin(string root, string folder)
    {
        var images = ImagesModule.folder(FSharpOption<int>.Some(Side), root);
        var run = RunModule.withImages(images, RunModule.withViews(ViewModule.crop(Side), RunModule.shapes));
        static void Watch(Event what)
        {
            if (what is Event.Began)
                throw new OperationCanceledException();
        }
        var executor = Soak.Into(Path.Combine(folder, "store"), Watch);
        try
        {
            Execution.execute(CancellationToken.None, executor, GridModule.from(run));
        }
        catch (OperationCanceledException)
        {
            return true;
        }
        throw new InvalidOperationException("The run did not begin.");
    }

    private static void Write(string folder, int count)
    {
        for (var label = 0; label < Classes; label++)
        {
            var place = Directory.CreateDirectory(Path.Combine(folder, $"n{label:D8}")).FullName;
            for (var i = label; i < count; i += Classes)
                File.Create(Path.Combine(place, $"n{label:D8}_{i}.JPEG")).Dispose();
        }
    }

    /// <summary>An index and shards as the source would have made them, of holes.</summary>
    private static void Cache(ImageFolder source, string root)
    {
        var files = FolderFiles.List(root);
        var layout = new FolderOptions().Layout(Side, Side);
        foreach (var (split, name) in new[] { (files.Train, "train"), (files.Test, "test") })
        {
            var folder = Directory.CreateDirectory(source.CacheFolder(layout, name)).FullName;
            var index = new ShardIndex(
                ShardIndex.CurrentVersion,
                ShardFolder.Fingerprint(split, layout),
                layout.Channels,
                Side,
                Side,
                layout.Bits,
                files.ClassNames,
                []
            );
            var perShard = (int)(ShardFolder.ShardBytes / index.ImageBytes);
            var shards = split.Chunk(perShard).Select((part, i) => Hole(folder, index, i, part)).ToList();
            (index with { Shards = shards }).Save(folder);
        }
    }

    private static Shard Hole(string folder, ShardIndex index, int number, LabelledFile[] files)
    {
        var path = Path.Combine(folder, index.NameOf(number));
        using (var shard = File.Create(path))
            shard.SetLength((long)files.Length * index.ImageBytes);
        var labels = LabelRun.Of(files.Select(file => file.Label));
        return new Shard(Path.GetFileName(path), labels, 0, "", File.GetLastWriteTimeUtc(path).Ticks);
    }
}
