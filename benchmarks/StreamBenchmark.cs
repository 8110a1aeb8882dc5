using System.Diagnostics;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Training from a cache of so many images on disk: speed, share of time spent waiting, memory over time.</summary>
internal static class StreamBenchmark
{
    private const int Batch = 128;

    internal const string Help =
        "training from a cache of images on disk: speed, share of time spent waiting, memory\n"
        + "[--images 100000] [--side 224] [--steps ALL] [--write]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "images", "side", "steps", "write");
        LibTorch.Load();
        var section = new Section($"Streaming, {Machine.Place(CPU)}");
        Measure(
            section,
            options.Number("images", 100_000, Batch),
            options.Number("side", 224, 32),
            options.Number("steps", int.MaxValue, 1)
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    /// <summary>Writes a cache of noise, trains one pass or so many steps, and deletes it.</summary>
    private static void Measure(Section section, int count, int side, int maxSteps)
    {
        var folder = Directory.CreateTempSubdirectory("simclr-stream-").FullName;
        try
        {
            section.Say(
                $"{Machine.Describe(CPU)}. {count:N0} images of {side}x{side}, {3L * side * side * count / 1e9:F1} GB on disk; "
                    + "crops of 32x32, a small encoder."
            );
            using var images = SyntheticShards.Write(folder, count, side);
            Train(section, images, maxSteps);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Train(Section section, ImageSet images, int maxSteps)
    {
        // A small crop and encoder, so that reading is a large part of the work.
        var view = new Sequence(new RandomResizedCrop(32), new HorizontalFlip());
        var spec = new PretrainingSpec
        {
            ViewA = view,
            ViewB = view,
            Encoder = new SmallConvSpec([32, 64, 128]),
            Head = new HeadSpec(),
            Method = new SimClrSpec(new NtXent(0.5), 0.5),
            Optimizer = new SgdSpec(),
            LearningRate = 0.05,
            BatchSize = Batch,
            Epochs = 1,
            Precision = Precision.Float32,
        };
        using var training = new Pretraining(spec, images, CPU);
        using var pause = new CollectionPause();
        var steps = Math.Min(training.TotalSteps, maxSteps);
        var every = Math.Max(1, steps / 10);
        var clock = Stopwatch.StartNew();
        var rows = new List<string[]>();
        while (training.Step < steps)
        {
            pause.Renew();
            training.TrainStep().Dispose();
            if (training.Step % every == 0)
                rows.Add([
                    $"{training.Step:N0}",
                    $"{training.Step * Batch / clock.Elapsed.TotalSeconds:N0}",
                    $"{training.Waited / clock.Elapsed:P1}",
                    $"{Machine.Memory().Now:N0}",
                    $"{Machine.AnonymousMemory():N0}",
                ]);
        }
        section.Table(["step", "images/s so far", "waiting", "resident MiB", "of it anonymous"], rows);
    }
}
