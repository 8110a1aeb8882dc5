using System.Diagnostics;
using System.Text.Json;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Our training step against the same one in plain PyTorch: both stay alive and take turns.</summary>
internal sealed class PeerBenchmark(string encoder, int batch, Device device, int turns, double seconds, string python)
{
    internal const string Help =
        "the whole step against the same in plain PyTorch (benchmarks/peer), taking turns\n"
        + "[--encoder resnet18|resnet18-quarter|resnet50] [--batch 64,512] [--views tensor,loader] [--precision float32,bfloat16]\n"
        + "[--turns 5] [--seconds 10] [--python /usr/bin/python3] [--device cpu|cuda] [--write]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(
            arguments,
            ["encoder", "batch", "views", "precision", "turns", "seconds", "python", "device", "write"]
        );
        LibTorch.Load();
        var device = Subjects.DeviceOf(options);
        var encoder = options.Text("encoder", "resnet18");
        if (!PeerProcess.Encoders.Contains(encoder))
            throw new OptionException(
                $"--encoder is '{encoder}'; the peer has {string.Join(", ", PeerProcess.Encoders)}"
            );
        var rows = new List<string[]>();
        var told = "";
        foreach (var batch in options.Numbers("batch", "64", 2))
        {
            var benchmark = new PeerBenchmark(
                encoder,
                batch,
                device,
                options.Number("turns", 5, 1),
                options.Positive("seconds", 10),
                options.Text("python", DefaultPython)
            );
            foreach (
                var precision in options.Text("precision", string.Join(',', Subjects.Supported(device))).Split(',')
            )
            foreach (var views in options.Text("views", "tensor,loader").Split(','))
                rows.Add(benchmark.Row(Precise(precision), precision, views, ref told));
        }
        var section = new Section($"Peer: {encoder}, {Machine.Place(device)}");
        section.Say($"{Machine.Describe(device)}. {told}");
        section.Table(
            [
                "batch, precision, the peer's views",
                "ours, images/s",
                "peer, images/s",
                "ours / peer",
                "by processor time",
            ],
            rows
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    internal static string DefaultPython =>
        Environment.GetEnvironmentVariable("SIMCLR_PYTHON")
        ?? (File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3");

    private static Precision Precise(string name) =>
        Subjects.Precisions.TryGetValue(name, out var precision)
            ? precision
            : throw new OptionException(
                $"--precision is '{name}'; choose {string.Join(", ", Subjects.Precisions.Keys)}"
            );

    private string[] Row(Precision precision, string name, string views, ref string told)
    {
        var label = $"{batch}, {name}, {views}";
        var kind = device.type.ToString().ToLowerInvariant();
        string[] arguments =
        [
            "--encoder",
            encoder,
            "--batch",
            $"{batch}",
            "--views",
            views,
            "--precision",
            name,
            "--device",
            kind,
            .. device.type == DeviceType.CPU ? new[] { "--threads", $"{get_num_threads()}" } : [],
        ];
        var (peer, why) = PeerProcess.Start(python, arguments);
        using (peer)
        {
            if (peer is not null)
                told = About(peer.SetUp);
            Console.Error.WriteLine(peer is null ? $"{label}: SKIPPED, {why}" : label);
            var (ours, theirs) = Measure(precision, peer);
            return peer is null
                ? [label, Speed(ours), $"skipped: {why}", "", ""]
                : [label, Speed(ours), Speed(theirs), $"{theirs.Over(ours):F2}", $"{theirs.ProcessorOver(ours):F2}"];
        }

        string Speed(Turns turns) => $"{batch / turns.Seconds:N0}";
    }

    private static string About(JsonElement peer) =>
        $"Peer: PyTorch {peer.GetProperty("torch")}, {peer.GetProperty("threads")} threads, {peer.GetProperty("workers")} workers of its loader.";

    /// <summary>Steps of each, turn by turn. A turn has as many steps as fill its time.</summary>
    private (Turns Ours, Turns Theirs) Measure(Precision precision, PeerProcess? peer)
    {
        using var images = Subjects.Noise(Math.Max(512, 2 * batch));
        var spec = Subjects.Training(Subjects.Encoders[encoder], batch, precision);
        using var training = new Pretraining(spec, images, device);
        using var pause = new CollectionPause();
        Take(training, pause, 3);
        var steps = Math.Max(1, (int)(seconds / Take(training, pause, 2).Wall));
        var (ours, theirs) = (new List<(double Wall, double Processor)>(), new List<(double Wall, double Processor)>());
        for (var turn = 0; turn < turns; turn++)
        {
            ours.Add(Take(training, pause, steps));
            theirs.Add(peer?.Take(steps) ?? default);
        }
        return (Together(ours), Together(theirs));

        Turns Together(List<(double Wall, double Processor)> all) =>
            new([.. all.Select(turn => turn.Wall)], [.. all.Select(turn => turn.Processor)]);
    }

    /// <summary>Seconds of one of so many steps.</summary>
    private (double Wall, double Processor) Take(Pretraining training, CollectionPause pause, int steps)
    {
        var (start, used) = (Stopwatch.GetTimestamp(), Timing.ProcessorTime());
        for (var i = 0; i < steps; i++)
        {
            pause.Renew();
            training.TrainStep().Dispose();
        }
        Subjects.Wait(device);
        return (Stopwatch.GetElapsedTime(start).TotalSeconds / steps, (Timing.ProcessorTime() - used) / steps);
    }
}
