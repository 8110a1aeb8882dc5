extern alias values;
using System.Diagnostics;
using values::SimCLR;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SimCLR.Core.Runtime;
using TorchSharp;

namespace SimCLR.Benchmarks;

/// <summary>Many runs, one after the other, in one process: nothing that a run takes may stay taken.</summary>
internal static class Soak
{
    private const int Rows = 10;
    private const double Allowed = 0.02;

    internal const string Help =
        "many tiny runs in one process; fails if memory, threads or file handles grow after the first tenth\n"
        + "[--runs 200] [--write]";

    private readonly record struct Seen(
        int Runs,
        double Resident,
        double Managed,
        int Threads,
        int Handles,
        long Tensors
    );

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "runs", "write");
        var runs = options.Number("runs", 200, 2 * Rows);
        LibTorch.Load();
        var section = new Section($"Soak: {runs} runs in one process, {Machine.Place(torch.CPU)}");
        section.Say(
            $"{Machine.Describe(torch.CPU)}. Each run trains for an epoch, is evaluated before and after, and stored; "
                + "figures once all that is free has been given back to the system."
        );
        var folder = Directory.CreateTempSubdirectory("simclr-soak-").FullName;
        List<Seen> seen;
        try
        {
            seen = [.. Sweep(runs, folder)];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        section.Table(
            ["runs", "resident MiB", "of it managed", "threads", "file handles", "live tensors"],
            [
                .. seen.Select(at =>
                    new[]
                    {
                        $"{at.Runs}",
                        $"{at.Resident:F1}",
                        $"{at.Managed:F1}",
                        $"{at.Threads}",
                        $"{at.Handles}",
                        $"{at.Tensors}",
                    }
                ),
            ]
        );
        var spread = seen.Max(at => at.Resident) / seen.Min(at => at.Resident) - 1;
        var flat = spread <= Allowed;
        var held = !Grows(seen, at => at.Threads) && !Grows(seen, at => at.Handles) && !Grows(seen, at => at.Tensors);
        section.Say(
            $"Resident memory, largest over smallest: +{spread:P2} ({(flat ? "flat" : "NOT flat")} within {Allowed:P0}). "
                + $"Threads, file handles and tensors: {(held ? "no growth" : "GROWTH")}."
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return flat && held ? 0 : 1;
    }

    /// <summary>Whether it was ever higher in the second half than in the first: the runtime's own threads and files come and go.</summary>
    private static bool Grows(List<Seen> seen, Func<Seen, long> of) =>
        seen.Skip(seen.Count / 2).Max(of) > seen.Take(seen.Count / 2).Max(of);

    /// <summary>Executes a run into the store of that folder.</summary>
    internal static void Execute(Run run, string folder) => Execution.run(run, Into(folder, _ => { }));

    /// <summary>Computes on the processor and stores in that folder, with a checkpoint after every step.</summary>
    internal static Executor Into(string folder, Action<Event> observer) =>
        new(
            device: Device.Cpu,
            dataRoot: "data",
            places: MapModule.Empty<string, string>(),
            download: false,
            stream: false,
            store: StoreModule.ofFolder(folder),
            observer: FuncConvert.FromAction(observer),
            checkpointEvery: FSharpOption<TimeSpan>.Some(TimeSpan.Zero),
            keepEncoder: KeepEncoder.Always,
            threads: null,
            deterministic: false,
            retryFailed: false,
            continueCollapsed: false,
            trustCustom: false,
            waitsFor: null,
            dryRun: false
        );

    private static IEnumerable<Seen> Sweep(int runs, string folder)
    {
        for (var done = 1; done <= runs; done++)
        {
            Execute(Tiny(done), folder);
            if (done % (runs / Rows) == 0)
                yield return Look(done);
        }
    }

    /// <summary>A run of a second or less.</summary>
    internal static Run Tiny(long seed)
    {
        var view = ViewModule.crop(16);
        var images = new Images(ImageSource.NewShapes(new ShapesSettings(80, 20, 16)), null);
        var encoder = Encoder.NewSmallConv(ListModule.OfSeq([8, 16]));
        var run = RunModule.withEncoder(encoder, RunModule.withImages(images, RunModule.shapes));
        run = RunModule.shortened(1, RunModule.withBatchSize(20, RunModule.withViews(view, run)));
        return RunModule.withSeed(seed, run);
    }

    private static Seen Look(int runs)
    {
        // All that the collector and glibc keep for later is given back: what is left is in use.
        NativeHeap.Release();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var process = Process.GetCurrentProcess();
        return new Seen(
            runs,
            Machine.Memory().Now,
            GC.GetTotalMemory(false) / 1048576.0,
            process.Threads.Count,
            Directory.Exists("/proc/self/fd") ? Directory.GetFiles("/proc/self/fd").Length : process.HandleCount,
            DisposeScopeManager.Statistics.ThreadTotalLiveCount
        );
    }
}
