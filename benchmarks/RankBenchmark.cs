using System.Diagnostics;
using SimCLR.Core.Distributed;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>What the exchanges of a step cost on several processes of this machine; and what a model of them says of GPUs.</summary>
internal static class RankBenchmark
{
    internal const string Help =
        "what a step's exchanges cost: --ranks 2 processes of this machine, by MPI, and what a model says of 8 and 64 GPUs\n"
        + "[--ranks 2] [--batch 4096] [--launcher mpirun.openmpi] [--seconds 5] [--model] [--write]";

    private const string Child = "child";

    /// <summary>Images a second of one H100: ResNet-50, 32x32, batch 512, bfloat16 (RESULTS.md).</summary>
    private const double MeasuredSpeed = 9179;

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "ranks", "batch", "launcher", "seconds", "model", "write", Child);
        LibTorch.Load();
        var exchange = Of(options.Number("batch", 4096, 2));
        if (options.Has("model"))
            return Predict(exchange, options);
        if (!options.Has(Child))
            return Start(arguments, options);
        var launch = Launch.Detect() ?? throw new OptionException("no launcher of several processes has started this");
        using var ranks = launch.Join();
        Measure(ranks, exchange, options);
        return 0;
    }

    /// <summary>ResNet-50 and its head as SimCLR trains them.</summary>
    private static StepExchange Of(int batch)
    {
        using var weights = new Generator(0, CPU);
        using var encoder = new ResNetSpec(50).Create(3, weights);
        using var head = new HeadSpec(2, 128).Create(encoder.FeatureSize, weights);
        var parameters = encoder.parameters().Concat(head.parameters()).Sum(parameter => parameter.numel());
        var norms = encoder.modules().Concat(head.modules()).OfType<BatchNorm>();
        return new StepExchange(parameters, [.. norms.Select(norm => norm.running_mean!.numel())], batch, 128);
    }

    private static int Start(string[] arguments, Options options)
    {
        var launcher = options.Text("launcher", "mpirun.openmpi");
        string[] own = launcher.Contains("mpich") ? [] : ["--oversubscribe", "--bind-to", "none"];
        var start = new ProcessStartInfo(
            launcher,
            [
                .. own,
                "-n",
                $"{options.Number("ranks", 2, 2)}",
                Environment.ProcessPath!,
                Path.ChangeExtension(typeof(RankBenchmark).Assembly.Location, ".dll"),
                "ranks",
                .. arguments,
                $"--{Child}",
            ]
        );
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        try
        {
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new OptionException(
                $"there is no {launcher} here; --launcher names another (Debian: apt-get install openmpi-bin)"
            );
        }
    }

    private static void Measure(ICollective ranks, StepExchange exchange, Options options)
    {
        set_num_threads(1);
        var seconds = options.Positive("seconds", 5);
        using var gradients = zeros(exchange.Parameters);
        using var embeddings = zeros(exchange.Batch / ranks.Size, exchange.Dimensions);
        using var labels = zeros(exchange.Batch / ranks.Size, ScalarType.Int64);
        using var one = zeros(1);
        var parts = new (string Name, Action Act, double Bytes)[]
        {
            ("all-reduce of one number", () => ranks.AllReduceSum(one), 4),
            ("all-reduce of all gradients", () => ranks.AllReduceSum(gradients), exchange.GradientBytes),
            ("all-gather of a view's embeddings", () => Gather(embeddings), exchange.EmbeddingBytes(ranks.Size)),
            ("all-gather of labels", () => Gather(labels), 8.0 * exchange.Batch / ranks.Size),
            ($"all {exchange.Norms.Count} batch norms, there and back", Norms, exchange.Norms.Sum(c => 16.0 * c + 4)),
            ("a step: all of these but the first, embeddings twice", Step, 0),
        };
        var times = parts.Select(part => Time(ranks, part.Act, seconds)).ToList();
        if (ranks.Rank > 0)
            return;

        // A ring of p ranks takes 2 (p - 1) turns; the large sum tells what a byte costs.
        var latency = times[0].Fastest / (2 * (ranks.Size - 1));
        var link = new Link(
            latency,
            2.0 * (ranks.Size - 1) / ranks.Size * exchange.GradientBytes / (times[1].Fastest - times[0].Fastest)
        );
        var predicted = exchange.Seconds(
            ranks.Size,
            bytes => link.AllReduce(bytes, ranks.Size),
            bytes => link.AllGather(bytes, ranks.Size)
        );
        var section = new Section($"Ranks, {ranks.Size} processes, {Machine.Place(CPU)}");
        section.Say(
            $"{Machine.Describe(CPU)}, {ranks.Name}. What ResNet-50 ({exchange.Parameters:N0} parameters with its head) and a batch of {exchange.Batch:N0} exchange in a "
                + "step. "
                + $"A ring of latency {latency * 1e6:F1} µs and {link.Bandwidth / 1e9:F2} GB/s, as the first two rows give them, would take {predicted * 1e3:F1} ms for a step."
        );
        section.Table(
            ["exchange", "bytes of a rank", "fastest, ms", "median, ms"],
            [
                .. parts.Zip(
                    times,
                    (part, time) =>
                        new[]
                        {
                            part.Name,
                            part.Bytes > 0 ? $"{part.Bytes:N0}" : "",
                            $"{time.Fastest * 1e3:F3}",
                            $"{time.Median * 1e3:F3}",
                        }
                ),
            ]
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);

        void Gather(Tensor rows) => ranks.AllGather(rows).Dispose();

        void Norms()
        {
            using var scope = NewDisposeScope();
            foreach (var channels in exchange.Norms)
            {
                ranks.AllGather(zeros(1, 2 * channels + 1));
                ranks.AllReduceSum(zeros(2 * channels));
            }
        }

        void Step()
        {
            Gather(labels);
            Norms();
            Gather(embeddings);
            Gather(embeddings);
            ranks.AllReduceSum(gradients);
        }
    }

    /// <summary>Seconds of the fastest turn, which other programs disturb least, and of the median; all ranks repeat it as often as rank 0 can in that time.</summary>
    private static (double Fastest, double Median) Time(ICollective ranks, Action act, double seconds)
    {
        act();
        var times = new List<double>();
        var clock = Stopwatch.StartNew();
        do
        {
            ranks.AllReduceSum(zeros(1));
            var start = Stopwatch.GetTimestamp();
            act();
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        } while (ranks.FromFirst(times.Count < 5 || clock.Elapsed.TotalSeconds < seconds ? 1L : 0L) == 1);
        return (times.Min(), Timing.Median(times));
    }

    private static int Predict(StepExchange exchange, Options options)
    {
        var nvLink = new Link(5e-6, 200e9);
        var network = new Link(15e-6, 12.5e9);
        // 2 B rows of embeddings with each other: scores, and their gradient twice, of 2 flops each.
        var loss = 3 * 2.0 * Math.Pow(2.0 * exchange.Batch, 2) * exchange.Dimensions / 50e12;
        var section = new Section("Scaling, a model");
        section.Say(
            $"Computed by `./simclr bench ranks --model`, not measured: ResNet-50 with its head ({exchange.Parameters:N0} parameters, {exchange.Norms.Count} batch norms), SimCLR with a batch of "
                + $"{exchange.Batch:N0} shared by all GPUs, as SimCLR.Core exchanges it. Assumed: rings of latency and bandwidth; {nvLink.Latency * 1e6:F0} µs and {nvLink.Bandwidth / 1e9:F0} GB/s between the 8 GPUs of a "
                + $"machine (NVLink), {network.Latency * 1e6:F0} µs and {network.Bandwidth / 1e9:F1} GB/s (100 Gb/s) for each machine between machines, whose GPUs share it; nothing is exchanged while a GPU computes (the "
                + "code overlaps nothing yet); a GPU is as fast on a small share as on a large one; the loss, which every rank computes of all embeddings, at 50 TFLOP/s; drawing of views and reading of images cost nothing."
        );
        var rows =
            from speed in new[] { MeasuredSpeed, 1000.0 }
            from gpus in new[] { 1, 2, 4, 8, 16, 32, 64 }
            let model = new ScalingModel(exchange, new Cluster(nvLink, 8, network), speed, loss)
            let slow = model with
            {
                Cluster = new Cluster(network, 1, network),
            }
            select new[]
            {
                $"{speed:N0} images/s, {gpus}",
                $"{model.ExchangeSeconds(gpus) * 1e3:F2}",
                $"{model.StepSeconds(gpus) * 1e3:F1}",
                $"{exchange.Batch / model.StepSeconds(gpus):N0}",
                $"{model.Efficiency(gpus):P0}",
                $"{slow.Efficiency(gpus):P0}",
            };
        section.Table(
            [
                "one GPU's speed, GPUs",
                "exchanges, ms",
                "step, ms",
                "images/s",
                "efficiency",
                "all by 100 Gb/s, one GPU a machine",
            ],
            [.. rows]
        );
        section.Say(
            $"{MeasuredSpeed:N0} images/s is one H100's on 32x32 images, as measured above; 1,000 stands for 224x224 pixels, and is not measured. At 64 GPUs the batch norms' "
                + "exchanges, two for each, whose time is latency, take more than the gradients'; NormGroups, a value of the run, does without them."
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }
}
