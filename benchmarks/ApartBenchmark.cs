using System.Diagnostics;
using System.Text.Json;
using SimCLR.Core.Runtime;

namespace SimCLR.Benchmarks;

/// <summary>
/// Our training step against the peer's, each turn in a process of its own: for batches of which a GPU's memory holds only one at a time.
/// </summary>
internal static class ApartBenchmark
{
    internal const string Help =
        "as peer, but every turn is a process of its own: for large batches on a GPU\n"
        + "[--encoder resnet18,resnet50] [--batch 512,4096] [--precision float32|bfloat16] [--views tensor,loader]\n"
        + "[--turns 3] [--seconds 10] [--python python3] [--device cpu|cuda] [--write]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(
            arguments,
            ["encoder", "batch", "precision", "views", "turns", "seconds", "python", "device", "write"]
        );
        LibTorch.Load();
        var device = Subjects.DeviceOf(options);
        var kind = device.type.ToString().ToLowerInvariant();
        var precision = options.Text("precision", Subjects.Supported(device)[^1]);
        var section = new Section($"Peer, in processes apart: {Machine.Place(device)}");
        section.Say($"{Machine.Describe(device)}. {precision}, medians of {options.Number("turns", 3, 1)} turns.");
        var rows = new List<string[]>();
        foreach (var encoder in options.Text("encoder", "resnet18,resnet50").Split(','))
        foreach (var batch in options.Numbers("batch", "512,4096", 2))
        foreach (var views in options.Text("views", "tensor,loader").Split(','))
        {
            string[] settings =
            [
                .. new[] { "--encoder", encoder, "--batch", $"{batch}" },
                .. new[] { "--precision", precision, "--device", kind },
                .. new[] { "--seconds", $"{options.Positive("seconds", 10)}" },
            ];
            rows.Add(Row($"{encoder}, {batch}, {views}", settings, views, options));
        }
        section.Table(["encoder, batch, the peer's views", "ours, images/s", "peer, images/s", "ours / peer"], rows);
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    private static string[] Row(string label, string[] settings, string views, Options options)
    {
        var python = options.Text("python", PeerBenchmark.DefaultPython);
        string[] ours = [.. Self(), "throughput", .. settings];
        string[] theirs = [python, PeerProcess.Script, .. settings, "--views", views];
        var (mine, others, why) = (new List<double>(), new List<double>(), new List<string>());
        for (var turn = 0; turn < options.Number("turns", 3, 1); turn++)
        {
            Console.Error.WriteLine($"{label}, turn {turn + 1}");
            Note(mine, Ask(ours), "ours");
            Note(others, Ask(theirs), "peer");
        }
        return
        [
            label,
            Speed(mine),
            Speed(others),
            mine.Count * others.Count == 0
                ? string.Join("; ", why.Distinct())
                : $"{Timing.Median(mine) / Timing.Median(others):F2}",
        ];

        void Note(List<double> list, JsonElement answer, string who)
        {
            if (answer.TryGetProperty("images_per_second", out var speed))
                list.Add(speed.GetDouble());
            else
                why.Add($"{who}: {answer.GetProperty("skipped")}");
        }

        string Speed(List<double> list) => list.Count == 0 ? "-" : $"{Timing.Median(list):N0}";
    }

    /// <summary>This program, as a bundle or under dotnet.</summary>
    internal static string[] Self() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
            ? [Environment.ProcessPath!, Path.Combine(AppContext.BaseDirectory, "SimCLR.Benchmarks.dll")]
            : [Environment.ProcessPath!];

    /// <summary>The last line of JSON that a command prints.</summary>
    internal static JsonElement Ask(string[] command)
    {
        using var process = Process.Start(
            new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true }
        )!;
        var line = process.StandardOutput.ReadToEnd().Split('\n').LastOrDefault(line => line.StartsWith('{'));
        process.WaitForExit();
        return JsonDocument.Parse(line ?? $$"""{"skipped": "exit code {{process.ExitCode}}"}""").RootElement;
    }
}
