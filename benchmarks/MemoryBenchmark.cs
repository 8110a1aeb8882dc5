using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;

namespace SimCLR.Benchmarks;

/// <summary>Resident memory of a training run, from step 200 on: it must not grow.</summary>
internal static class MemoryBenchmark
{
    private const int First = 200;
    private const double Allowed = 0.01;

    internal const string Help =
        "resident memory of a run, step 200 to 2,000; fails if it moves by more than 1%\n"
        + "[--encoder NAME] [--batch 64] [--steps 2000] [--device cpu|cuda] [--write]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "encoder", "batch", "steps", "device", "write");
        var name = options.Text("encoder", "small");
        var encoder = options.Choice("encoder", "small", Subjects.Encoders);
        var batch = options.Number("batch", 64, 2);
        var steps = options.Number("steps", 2000, 2 * First);
        LibTorch.Load();
        var device = Subjects.DeviceOf(options);

        var section = new Section($"Memory: {name}, batch {batch}, {Machine.Place(device)}");
        section.Say($"{Machine.Describe(device)}. Resident memory after a step of training (VmRSS).");
        using var images = Subjects.Noise(Math.Max(512, batch));
        var spec = Subjects.Training(encoder, batch, Precision.Float32);
        using var training = new Pretraining(spec, images, device);
        var seen = Train(training, steps).ToList();
        section.Table(
            ["step", "resident MiB", "of it managed", "live tensors"],
            [
                .. seen.Select(at =>
                    new[] { $"{at.Step:N0}", $"{at.Resident:F1}", $"{at.Managed:F1}", $"{at.Tensors:N0}" }
                ),
            ]
        );

        var spread = seen.Max(at => at.Resident) / seen.Min(at => at.Resident) - 1;
        section.Say(
            $"Largest over smallest: +{spread:P2} ({(spread <= Allowed ? "flat" : "NOT flat")} within {Allowed:P0})."
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return spread <= Allowed ? 0 : 1;
    }

    /// <summary>As <see cref="Pretraining.Run"/> does it: one step, and time for the collector between steps.</summary>
    private static IEnumerable<(long Step, double Resident, double Managed, long Tensors)> Train(
        Pretraining training,
        int steps
    )
    {
        using var pause = new CollectionPause();
        while (training.Step < steps)
        {
            pause.Renew();
            training.TrainStep().Dispose();
            if (
                training.Step >= First
                && training.Step % Math.Max(1, (steps - First) / 9) == First % Math.Max(1, (steps - First) / 9)
            )
                yield return (
                    training.Step,
                    Machine.Memory().Now,
                    GC.GetTotalMemory(false) / 1048576.0,
                    DisposeScopeManager.Statistics.ThreadTotalLiveCount
                );
        }
    }
}
