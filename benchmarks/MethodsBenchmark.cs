using System.Globalization;
using SimCLR.Core.Heads;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;

namespace SimCLR.Benchmarks;

/// <summary>What a step of each method costs, against SimCLR's of the same run: time and memory.</summary>
internal static class MethodsBenchmark
{
    internal const string Help =
        "a training step of every method against SimCLR's: time and memory, each turn in a process of its own\n"
        + "[--encoder resnet18-quarter] [--batch 256] [--precision float32] [--turns 3] [--seconds 10] [--device cpu|cuda] [--write]";

    private static readonly HeadSpec Predictor = new(Hidden: 256, LastNorm: LastNorm.None, LastBias: true);
    private static readonly MomentumSchedule Rising = new(0.99, 1);

    /// <summary>By name, given the batch; as in scripts/methods.fsx: predictors 256 wide, a queue of four batches.</summary>
    internal static readonly Dictionary<string, Func<int, IMethodSpec>> Methods = new()
    {
        ["SimCLR"] = _ => new SimClrSpec(new NtXent(0.5), 0.5),
        ["MoCo-v2"] = batch => new MoCoSpec(4 * batch, new MomentumSchedule(0.99, 0.99), 0.2, NormGroups: 4),
        ["MoCo-v3"] = _ => new MoCoV3Spec(Predictor, Rising, 0.2),
        ["BYOL"] = _ => new ByolSpec(Predictor, Rising),
        ["SimSiam"] = _ => new SimSiamSpec(Predictor with { Hidden = 64 }),
        ["Barlow-Twins"] = _ => new BarlowTwinsSpec(0.005, 0.1),
        ["VICReg"] = _ => new VicRegSpec(),
        ["NNCLR"] = batch => new NnclrSpec(Predictor, 4 * batch, 0.1),
        ["SwAV"] = _ => new SwavSpec(128),
        ["DINO"] = _ => new DinoSpec(256, Rising),
        ["instance-discrimination"] = _ => new InstanceDiscriminationSpec(0.1),
        ["LeJEPA"] = _ => new LeJepaSpec(),
    };

    /// <summary>Length of z, as in scripts/methods.fsx.</summary>
    internal static HeadSpec Head(string method) =>
        method switch
        {
            "Barlow-Twins" or "VICReg" => new HeadSpec(Output: 256),
            "LeJEPA" => new HeadSpec(Output: 64),
            _ => new HeadSpec(),
        };

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, ["encoder", "batch", "precision", "turns", "seconds", "device", "write"]);
        LibTorch.Load();
        var device = Subjects.DeviceOf(options);
        var (encoder, precision) = (options.Text("encoder", "resnet18-quarter"), options.Text("precision", "float32"));
        var (batch, turns) = (options.Number("batch", 256, 2), options.Number("turns", 3, 1));
        string[] settings =
        [
            .. new[] { "--encoder", encoder, "--batch", $"{batch}", "--precision", precision, "--images", "10000" },
            .. new[] { "--device", device.type.ToString().ToLowerInvariant() },
            .. new[] { "--seconds", options.Positive("seconds", 10).ToString(CultureInfo.InvariantCulture) },
        ];
        var found = Methods.Keys.ToDictionary(name => name, _ => new List<(double Speed, double Memory)>());
        for (var turn = 0; turn < turns; turn++)
            foreach (var (name, list) in found)
                list.Add(Measured(name, settings, turn));

        var section = new Section($"Methods: {encoder}, batch {batch}, {Machine.Place(device)}");
        section.Say(
            $"{Machine.Describe(device)}. {precision}, 10,000 images of 32 pixels, medians of {turns} turns, each in a process of its own; every method once in a turn. "
                + "Memory: the most that the process took beside what it had before the training"
                + (device.type == TorchSharp.DeviceType.CUDA ? ", on the host." : ".")
        );
        section.Table(
            ["method", "images/s", "time of a step / SimCLR's", "memory, MiB", "memory / SimCLR's"],
            [.. found.Select(entry => Row(entry.Key, Medians(entry.Value), Medians(found["SimCLR"])))]
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    private static (double Speed, double Memory) Measured(string name, string[] settings, int turn)
    {
        Console.Error.WriteLine($"{name}, turn {turn + 1}");
        var answer = ApartBenchmark.Ask([.. ApartBenchmark.Self(), "throughput", "--method", name, .. settings]);
        return answer.TryGetProperty("images_per_second", out var speed)
            ? (speed.GetDouble(), answer.GetProperty("peak_mib").GetDouble())
            : throw new OptionException($"{name} was not measured: {answer.GetProperty("skipped")}");
    }

    private static (double Speed, double Memory) Medians(List<(double Speed, double Memory)> turns) =>
        (Timing.Median([.. turns.Select(turn => turn.Speed)]), Timing.Median([.. turns.Select(turn => turn.Memory)]));

    private static string[] Row(
        string name,
        (double Speed, double Memory) own,
        (double Speed, double Memory) reference
    ) =>
        [
            name.Replace('-', ' '),
            $"{own.Speed:N0}",
            $"{reference.Speed / own.Speed:F2}",
            $"{own.Memory:N0}",
            $"{own.Memory / reference.Memory:F2}",
        ];
}
