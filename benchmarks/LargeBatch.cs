using System.Diagnostics;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
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
        + "[--part 256] [--batch 4096] [--loss 65536]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "part", "batch", "loss");
        LibTorch.Load();
        Measure(options.Number("part", 256, 2), options.Number("batch", 4096, 2), options.Number("loss", 65_536, 2));
        return 0;
    }

    private static void Measure(int part, int batch, int lossCount)
    {
        using var splits = new Shapes(batch, 10).Load();
        Console.WriteLine(
            $"ResNet-18 (CIFAR stem, width 1), float32; one step, peak resident memory above what was there before"
        );
        var small = Step(splits.Train, part, part);
        var large = Step(splits.Train, batch, part);
        Console.WriteLine($"batch {batch} in parts / batch {part}: {large / small:F2} times the memory");
        Loss(lossCount);
    }

    private static double Step(ImageSet images, int batch, int part)
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
            Loss = new NtXent(0.5),
            MetricTemperature = 0.5,
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
        Console.WriteLine($"batch {batch, 5} in parts of {part}: {peak, 7:N0} MiB, {clock.Elapsed.TotalSeconds:F1} s");
        return peak;
    }

    private static void Loss(int n)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var a = randn(n, 128, generator: generator).requires_grad_();
        var b = randn(n, 128, generator: generator).requires_grad_();
        Machine.ResetPeak();
        var before = Machine.Memory().Now;
        var clock = Stopwatch.StartNew();
        new NtXent(0.5).Compute(a, b).backward();
        Console.WriteLine(
            $"NT-Xent alone, N = {n}: {Machine.Memory().Peak - before:N0} MiB, {clock.Elapsed.TotalSeconds:F1} s; "
                + $"[2N, 2N] would be {4.0 * n * n * 4 / (1 << 20):N0} MiB"
        );
    }
}
