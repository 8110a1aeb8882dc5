using SimCLR.Core.Images;
using SimCLR.Core.Runtime;

namespace SimCLR.Benchmarks;

/// <summary>The measurements by name.</summary>
internal static class Bench
{
    private static readonly (string Name, string Help, Func<string[], int> Run)[] Verbs =
    [
        ("step", StepBenchmark.Help, StepBenchmark.Run),
        ("peer", PeerBenchmark.Help, PeerBenchmark.Run),
        ("apart", ApartBenchmark.Help, ApartBenchmark.Run),
        ("methods", MethodsBenchmark.Help, MethodsBenchmark.Run),
        ("throughput", Throughput.Help, Throughput.Run),
        ("train", TrainRun.Help, TrainRun.Run),
        ("check", Check.Help, Check.Run),
        ("gpu", GpuBenchmark.Help, GpuBenchmark.Run),
        ("norm", NormSpeed.Help, NormSpeed.Run),
        ("convolutions", ConvolutionBenchmark.Help, ConvolutionBenchmark.Run),
        ("memory", MemoryBenchmark.Help, MemoryBenchmark.Run),
        ("large-batch", LargeBatch.Help, LargeBatch.Run),
        ("stream", StreamBenchmark.Help, StreamBenchmark.Run),
        ("whole", WholeBenchmark.Help, WholeBenchmark.Run),
        ("start", StartBenchmark.Help, StartBenchmark.Run),
        ("probe", ProbeBenchmark.Help, ProbeBenchmark.Run),
        ("ranks", RankBenchmark.Help, RankBenchmark.Run),
        ("decode", DecodeBenchmark.Help, DecodeBenchmark.Run),
        ("soak", Soak.Help, Soak.Run),
        ("fuzz", Fuzz.Help, Fuzz.Run),
    ];

    internal static int Main(string[] args)
    {
        var verb =
            args.FirstOrDefault(argument => !argument.StartsWith("--")) is { } first && args[0] == first
                ? first
                : "step";
        var rest = args.Length > 0 && args[0] == verb ? args[1..] : args;
        if (verb == "list")
            return List(Verbs);
        try
        {
            var asked = Verbs.Where(known => known.Name == verb).ToArray();
            if (asked.Length == 0)
                throw new OptionException($"there is no measurement '{verb}'; ./simclr bench list names them");
            return rest.Any(argument => argument is "--help" or "-h") ? List(asked) : asked[0].Run(rest);
        }
        catch (Exception error) when (error is OptionException or LibTorchNotFoundException or ImageSourceException)
        {
            Console.Error.WriteLine($"bench: {error.Message.TrimEnd('.')}.");
            return 2;
        }
    }

    private static int List(IEnumerable<(string Name, string Help, Func<string[], int> Run)> verbs)
    {
        foreach (var (name, help, _) in verbs)
            Console.WriteLine($"{name, -13}{help.Replace("\n", "\n             ")}");
        return 0;
    }
}
