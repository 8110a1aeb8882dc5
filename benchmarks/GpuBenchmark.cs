using System.Text.Json;
using SimCLR.Core.Kernels;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>All that is to be known of a GPU: whether it computes what the CPU computes, how fast beside plain PyTorch, and what a training on CIFAR-10 comes to.</summary>
internal static class GpuBenchmark
{
    internal const string Help =
        "compares a GPU with the CPU: views, losses, encoders, optimizers, whole steps; same seed twice; hidden waits; memory\n"
        + "[--only TEXT] [--write]\n"
        + "with an out folder, then measures its speed against the peer and trains on CIFAR-10, in runs of a few minutes: each takes up what is not done\n"
        + "--out FOLDER [--minutes 8.5] [--data FOLDER] [--epochs 120,500] [--encoder resnet18,resnet50] [--batch 512,4096] [--views tensor,loader]\n"
        + "[--turns 3] [--seconds 10] [--limit IMAGES] [--python python3] [--device cpu|cuda]";

    /// <summary>The exit code where another run is to go on.</summary>
    internal const int More = 75;

    internal static int Run(string[] arguments)
    {
        var options = new Options(
            arguments,
            [
                .. new[] { "only", "write", "out", "minutes", "data", "epochs", "encoder", "batch" },
                .. new[] { "views", "turns", "seconds", "limit", "python", "device" },
            ]
        );
        LibTorch.Load();
        var device = Subjects.DeviceOf(options);
        if (device.type != DeviceType.CUDA && !options.Has("out"))
            throw new OptionException("gpu needs a GPU; set SIMCLR_LIBTORCH to a CUDA PyTorch's lib folder");
        return options.Has("out") ? InParts(options, device) : ChecksAlone(options, device);
    }

    private static int ChecksAlone(Options options, Device device)
    {
        var folder = Directory.CreateTempSubdirectory("simclr-gpu-").FullName;
        try
        {
            var parts = Chosen(GpuChecks.Parts, options);
            return Told(new Parts(folder, TimeSpan.FromDays(1)).Take(parts), parts.Count, options, device);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int InParts(Options options, Device device)
    {
        var folder = options.Text("out", "");
        Directory.CreateDirectory(folder);
        Pieces.Join(folder);
        try
        {
            IReadOnlyList<Part> parts = Chosen(
                [
                    .. device.type == DeviceType.CUDA ? GpuChecks.Parts : [],
                    .. Speeds(options, device),
                    .. TrainRun.Parts(options, folder, device),
                ],
                options
            );
            var limit = TimeSpan.FromMinutes(options.Positive("minutes", 8.5));
            return Told(new Parts(folder, limit).Take(parts), parts.Count, options, device);
        }
        finally
        {
            Pieces.Split(folder);
        }
    }

    private static IReadOnlyList<Part> Chosen(IEnumerable<Part> parts, Options options)
    {
        var only = options.Text("only", " ").Trim();
        return [.. parts.Where(part => only == "" || only.Split(',').Any(part.Name.Contains))];
    }

    private static int Told(
        (IReadOnlyList<string[]> Rows, int Failures, bool Complete) taken,
        int count,
        Options options,
        Device device
    )
    {
        var section = new Section($"All of a GPU: {Machine.Place(device)}");
        var kernels = device.type == DeviceType.CUDA ? $" Kernels: {FusedBatchNorm.Problem ?? "compiled"}." : "";
        section.Say($"{Machine.Describe(device)}.{kernels} The comparison with the CPU is in float32 without TF32.");
        section.Table(["part", "found", "asked, or the peer's", "seconds"], taken.Rows);
        section.Say(
            (taken.Failures == 0 ? "All as asked." : $"{taken.Failures} not as asked.")
                + (taken.Complete ? "" : $" {taken.Rows.Count} of {count} parts are done: run it again to go on.")
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return !taken.Complete ? More
            : taken.Failures == 0 ? 0
            : 1;
    }

    /// <summary>A turn of ours and the peer's, each in a process of its own.</summary>
    private static IEnumerable<Part> Speeds(Options options, Device device)
    {
        var precision = Subjects.Supported(device)[^1];
        var seconds = options.Positive("seconds", 10);
        foreach (var encoder in options.Text("encoder", "resnet18,resnet50").Split(','))
        foreach (var batch in options.Numbers("batch", "512,4096", 2))
        foreach (var views in options.Text("views", "tensor,loader").Split(','))
            for (var turn = 1; turn <= options.Number("turns", 3, 1); turn++)
            {
                string[] settings =
                [
                    .. new[] { "--encoder", encoder, "--batch", $"{batch}", "--precision", precision },
                    .. new[] { "--device", device.type.ToString().ToLowerInvariant() },
                    .. new[] { "--seconds", FormattableString.Invariant($"{seconds}") },
                ];
                yield return new Part(
                    $"speed of {encoder}, batch {batch}, {precision}, the peer's views by {views}, turn {turn}",
                    // Each starts, and warms up.
                    TimeSpan.FromSeconds(2 * seconds + 60),
                    _ => Turn(settings, views, options)
                );
            }
    }

    private static Found Turn(string[] settings, string views, Options options)
    {
        var python = options.Text("python", PeerBenchmark.DefaultPython);
        var ours = ApartBenchmark.Ask([.. ApartBenchmark.Self(), "throughput", .. settings]);
        var theirs = ApartBenchmark.Ask([python, PeerProcess.Script, .. settings, "--views", views]);
        return new Found(Speed(ours), $"peer {Speed(theirs)}", true);

        static string Speed(JsonElement answer) =>
            answer.TryGetProperty("images_per_second", out var speed)
                ? $"{speed.GetDouble():N0} images/s"
                : $"{answer.GetProperty("skipped")}";
    }
}
