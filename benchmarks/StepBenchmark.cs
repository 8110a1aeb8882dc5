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

/// <summary>Views, encoder, loss and whole step, taking turns in one process.</summary>
internal sealed class StepBenchmark(string name, EncoderSpec encoder, int batch, Device device)
{
    private const double SecondsEach = 6;

    internal static readonly Dictionary<string, EncoderSpec> All = new()
    {
        ["resnet18"] = new ResNetSpec(18),
        ["resnet18-quarter"] = new ResNetSpec(18, 0.25),
        ["resnet50"] = new ResNetSpec(50),
        ["small"] = new SmallConvSpec([32, 64, 128]),
    };

    private static readonly IView View = new Sequence(
        new RandomResizedCrop(32),
        new HorizontalFlip(),
        ColorJitter.OfStrength(0.5),
        new Grayscale()
    );

    /// <summary>Measures and prints.</summary>
    internal void Run()
    {
        using var splits = new Shapes(Math.Max(512, batch), 10).Load();
        Console.WriteLine($"{name} (CIFAR stem), batch {batch}, 32x32 images; images/s, medians of turns");
        Console.WriteLine($"{"", -34}{"float32", 12}{"bfloat16", 12}");

        using var images = ViewBatch.FromBytes(splits.Train.Images.narrow(0, 0, batch)).to(device);
        var views = Timing.Interleaved(2, () => Views(images))[0];
        Console.WriteLine($"{"views alone (both)", -34}{batch / views, 12:N0}");

        Print(
            "encoder alone, contiguous",
            precision => Timing.Interleaved(SecondsEach, Bare(images, precision, false))[0]
        );
        var ratios = new List<double>();
        var steps = new List<double>();
        Print(
            "encoder alone, channels-last",
            precision =>
            {
                using var training = new Pretraining(Spec(precision), splits.Train, device);
                var times = Timing.Interleaved(SecondsEach, Bare(images, precision, true), () => Step(training));
                steps.Add(times[1]);
                ratios.Add(times[1] / times[0]);
                return times[0];
            }
        );
        Console.WriteLine($"{"full step", -34}{batch / steps[0], 12:N0}{batch / steps[1], 12:N0}");
        Console.WriteLine($"{"full step / encoder alone (time)", -34}{ratios[0], 12:F2}{ratios[1], 12:F2}");
        foreach (var n in new[] { 256, 4096 })
            Console.WriteLine($"{$"NT-Xent alone, N = {n}", -34}{n / Loss(n), 12:N0}");
        var memory = Machine.Memory();
        Console.WriteLine($"{"resident memory, now / peak", -34}{memory.Now, 8:N0} MiB{memory.Peak, 8:N0} MiB");
    }

    private PretrainingSpec Spec(Precision precision) =>
        new()
        {
            ViewA = View,
            ViewB = View,
            Encoder = encoder,
            Head = new HeadSpec(),
            Loss = new NtXent(0.5),
            MetricTemperature = 0.5,
            Optimizer = new LarsSpec(),
            LearningRate = 0.1,
            BatchSize = batch,
            Epochs = 1_000_000,
            Precision = precision,
        };

    private void Print(string row, Func<Precision, double> seconds)
    {
        var single = seconds(Precision.Float32);
        var brain = seconds(Precision.BFloat16);
        Console.WriteLine($"{row, -34}{batch / single, 12:N0}{batch / brain, 12:N0}");
    }

    private void Views(Tensor images)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, device);
        foreach (var _ in new[] { 'A', 'B' })
            View.Apply(images, View.Draw(BatchShape.Of(images), generator));
        Wait();
    }

    /// <summary>Forward and backward of encoder and head on ready-made views: what no training step can do without.</summary>
    private Action Bare(Tensor images, Precision precision, bool channelsLast)
    {
        using var generator = new Generator(1, CPU);
        var network = encoder.Create(3, generator);
        var head = new HeadSpec().Create(network.FeatureSize, generator);
        network.to(device);
        head.to(device);
        if (channelsLast)
            MemoryLayout.ToChannelsLast(network);
        var views = cat([images, images]);
        return () =>
        {
            using var scope = NewDisposeScope();
            Tensor z;
            using (Autocast.Enter(precision, device))
                z = head.forward(network.forward(channelsLast ? MemoryLayout.ChannelsLast(views) : views));
            z.to_type(ScalarType.Float32).square().sum().backward();
            network.zero_grad();
            head.zero_grad();
            Wait();
        };
    }

    private void Step(Pretraining training)
    {
        training.TrainStep().Dispose();
        Wait();
    }

    private double Loss(int n)
    {
        using var generator = new Generator(1, device);
        using var a = randn(n, 128, device: device, generator: generator).requires_grad_();
        using var b = randn(n, 128, device: device, generator: generator).requires_grad_();
        return Timing.Interleaved(
            3,
            () =>
            {
                using var scope = NewDisposeScope();
                new NtXent(0.5).Compute(a, b).backward();
                Wait();
            }
        )[0];
    }

    private void Wait()
    {
        if (device.type == DeviceType.CUDA)
            cuda.synchronize();
    }
}
