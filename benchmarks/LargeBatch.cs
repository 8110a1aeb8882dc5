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
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Peak memory of one step at a batch in parts against a batch of one part, and of NT-Xent alone at very large N.</summary>
internal static class LargeBatch
{
    internal const string Help =
        "peak memory of a batch in parts (gradient caching) against a batch of one part, and of NT-Xent alone at large N\n"
        + "[--part 256] [--batch 4096] [--loss 65536] [--write]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "part", "batch", "loss", "write");
        LibTorch.Load();
        var section = new Section($"Large batches, {Machine.Place(CPU)}");
        Measure(
            section,
            options.Number("part", 256, 2),
            options.Number("batch", 4096, 2),
            options.Number("loss", 65_536, 2)
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    private static void Measure(Section section, int part, int batch, int lossCount)
    {
        section.Say($"{Machine.Describe(CPU)}. Peak resident memory above what was there before, float32.");
        using var splits = new Shapes(batch, 10).Load();
        var (small, smallSeconds) = Step(splits.Train, part, part);
        var (large, largeSeconds) = Step(splits.Train, batch, part);
        var (loss, lossSeconds) = Loss(lossCount);
        section.Table(
            ["what", "peak MiB", "seconds"],
            [
                [$"ResNet-18 step, batch {part}", $"{small:N0}", $"{smallSeconds:F1}"],
                [$"ResNet-18 step, batch {batch} in parts of {part}", $"{large:N0}", $"{largeSeconds:F1}"],
                [$"NT-Xent alone, N = {lossCount}, forward and backward", $"{loss:N0}", $"{lossSeconds:F1}"],
            ]
        );
        section.Say(
            $"Batch {batch} in parts takes {large / small:F2} times the memory of batch {part}. The matrix of N = {lossCount}, [2N, 2N], "
                + $"would take {4.0 * lossCount * lossCount * 4 / (1 << 20):N0} MiB."
        );
    }

    private static (double Peak, double Seconds) Step(ImageSet images, int batch, int part)
    {
        var view = new Sequence(
            new RandomResizedCrop(32),
            new HorizontalFlip(),
            ColorJitter.OfStrength(0.5),
            new Grayscale()
        );
        var spec = new PretrainingSpec
        {
            ViewA = view,
            ViewB = view,
            Encoder = new ResNetSpec(18),
            Head = new HeadSpec(),
            Method = new SimClrSpec(new NtXent(0.5), 0.5),
            Optimizer = new LarsSpec(),
            LearningRate = 0.1,
            BatchSize = batch,
            MicroBatches = batch == part ? null : new MicroBatches(part),
            Epochs = 1,
            Precision = Precision.Float32,
        };
        GC.Collect();
        var before = Machine.Memory().Now;
        using var training = new Pretraining(spec, images, CPU);
        Machine.ResetPeak();
        var clock = Stopwatch.StartNew();
        training.TrainStep().Dispose();
        var peak = Machine.Memory().Peak - before;
        return (peak, clock.Elapsed.TotalSeconds);
    }

    private static (double Peak, double Seconds) Loss(int n)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var a = randn(n, 128, generator: generator).requires_grad_();
        var b = randn(n, 128, generator: generator).requires_grad_();
        Machine.ResetPeak();
        var before = Machine.Memory().Now;
        var clock = Stopwatch.StartNew();
        new NtXent(0.5).Compute(a, b).backward();
        return (Machine.Memory().Peak - before, clock.Elapsed.TotalSeconds);
    }
}
