using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Images per second of our training step, as one line of JSON: the counterpart of the peer's --seconds.</summary>
internal static class Throughput
{
    internal const string Help =
        "images/s of the training step alone, as JSON\n"
        + "[--encoder NAME] [--method SimCLR] [--batch 64] [--micro N] [--precision float32] [--images N] [--seconds 10] [--device cpu|cuda]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(
            arguments,
            ["encoder", "method", "batch", "micro", "precision", "images", "seconds", "device"]
        );
        LibTorch.Load();
        var device = Subjects.DeviceOf(options);
        var batch = options.Number("batch", 64, 2);
        var encoder = options.Choice("encoder", "resnet18", Subjects.Encoders);
        var precision = options.Choice("precision", "float32", Subjects.Precisions);
        var method = options.Text("method", "SimCLR");
        var spec = Subjects.Training(encoder, batch, precision) with
        {
            Method = options.Choice("method", "SimCLR", MethodsBenchmark.Methods)(batch),
            Head = MethodsBenchmark.Head(method),
        };
        if (options.Has("micro"))
            spec = spec with { MicroBatches = new MicroBatches(options.Number("micro", 512, 2)) };
        try
        {
            var before = Machine.Memory().Now;
            // As few as on CIFAR-10 with a large batch, unless asked for more: an epoch begins with a new order.
            var images = options.Number("images", Math.Max(512, EpochSteps * spec.BatchSize), batch);
            var (steps, speed, issued) = Measure(spec, images, device, options.Positive("seconds", 10));
            var peak = Machine.Memory().Peak - before;
            var text = FormattableString.Invariant(
                $"\"images_per_second\": {speed:F1}, \"steps\": {steps}, \"issued\": {issued:F3}, \"peak_mib\": {peak:F0}"
            );
            Console.WriteLine($"{{{text}}}");
        }
        catch (ExternalException error) when (error.Message.Contains("out of memory"))
        {
            Console.WriteLine("""{"skipped": "out of memory"}""");
        }
        return 0;
    }

    private const int EpochSteps = 12;

    private static (int Steps, double Speed, double Issued) Measure(
        PretrainingSpec spec,
        int count,
        Device device,
        double seconds
    )
    {
        using var images = Subjects.Noise(count);
        using var training = new Pretraining(spec, images, device);
        using var pause = new CollectionPause();
        Take(training, device, 3);
        var steps = Math.Max(1, (int)(seconds * 2 / Take(training, device, 2)));
        var taken = Take(training, device, steps, out var issued);
        return (steps, steps * spec.BatchSize / taken, issued / taken);
    }

    /// <summary>Seconds of so many steps; the GPU is waited for once.</summary>
    internal static double Take(Pretraining training, Device device, int steps) => Take(training, device, steps, out _);

    /// <summary>The same, and the seconds until the GPU has been given all of it: near 1 of all, the processor is what it waits for.</summary>
    private static double Take(Pretraining training, Device device, int steps, out double issued)
    {
        using var pause = new CollectionPause();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < steps; i++)
        {
            pause.Renew();
            training.TrainStep().Dispose();
        }
        issued = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Subjects.Wait(device);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
