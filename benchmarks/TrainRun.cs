using System.Diagnostics;
using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>One real run on CIFAR-10 by dkobak's recipe, with linear and k-NN accuracy at its end.</summary>
internal static class TrainRun
{
    private const int LongestRun = 1000;

    /// <summary>dkobak's: a hidden layer of 1024, no batch norm. Speeds are measured with the paper's head, which the peer has, too.</summary>
    private static readonly HeadSpec Head = new(
        Hidden: 1024,
        BatchNorm: false,
        LastNorm: LastNorm.None,
        LastBias: true
    );

    internal const string Help =
        "a real run on CIFAR-10 (dkobak's recipe) with linear and k-NN accuracy at its end\n"
        + "--data FOLDER [--encoder resnet18] [--batch 512] [--epochs N | --minutes 15] [--limit IMAGES]\n"
        + "[--precision bfloat16] [--seed 0] [--knn EVERY_SO_MANY_EPOCHS] [--device cpu|cuda]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(
            arguments,
            ["data", "encoder", "batch", "epochs", "minutes", "limit", "precision", "seed", "knn", "device"]
        );
        var root = options.Text("data", "");
        LibTorch.Load();
        var device = Subjects.DeviceOf(options);
        Console.WriteLine(Machine.Describe(device));
        using var splits = Load(root, options);
        var spec = Recipe(options, splits.Train, device);
        Console.WriteLine(
            $"{splits.Train.Count} images, batch {spec.BatchSize}, {spec.Epochs} epochs, {spec.Precision}"
        );

        using var training = new Pretraining(spec, splits.Train, device, Console.Error.WriteLine);
        var every = options.Number("knn", int.MaxValue, 1);
        var (next, clock) = (every, Stopwatch.StartNew());
        var result = training.Run(progress =>
        {
            Console.WriteLine(
                $"epoch {progress.Epoch:F1}  loss {progress.Loss:F3}  {progress.ImagesPerSecond:N0} images/s  "
                    + $"{progress.Remaining:hh\\:mm\\:ss} to go"
            );
            if (progress.Epoch < next)
                return;
            next += every;
            Console.WriteLine($"k-NN, k = 10: {Neighbours(training, splits, device):P2}");
            Console.WriteLine($"{clock.Elapsed.TotalMinutes:F1} minutes since the start");
        });
        Console.WriteLine($"trained in {result.Seconds / 60:F1} minutes, {result.ImagesPerSecond:N0} images/s");
        Evaluate(training, splits, device);
        return 0;
    }

    /// <summary>Trainings of so many epochs each, which go on from run to run, with k-NN accuracy at their end: none without --data.</summary>
    internal static IEnumerable<Part> Parts(Options options, string folder, Device device) =>
        options.Has("data")
            ? options
                .Numbers("epochs", "120,500", 1)
                .Select(epochs => new Part(
                    $"training of {epochs} epochs",
                    TimeSpan.FromMinutes(0.3),
                    cancellation =>
                        TakeUp(options, Path.Combine(folder, $"training-{epochs}"), epochs, device, cancellation)
                ))
            : [];

    private static Found? TakeUp(
        Options options,
        string folder,
        int epochs,
        Device device,
        CancellationToken cancellation
    )
    {
        using var splits = Load(options.Text("data", ""), options);
        var batch = Math.Min(512, (int)splits.Train.Count / 2);
        var precision = Subjects.Precisions[Subjects.Supported(device)[^1]];
        var encoder = Subjects.Encoders[options.Text("encoder", "resnet18").Split(',')[0]];
        var spec = Subjects.Training(Unweakened(encoder), batch, precision, epochs) with { Head = Head };
        using var training = new Pretraining(spec, splits.Train, device, Console.Error.WriteLine);
        var checkpoints = new CheckpointFolder(folder, Console.Error.WriteLine);
        try
        {
            var result = training.Run(
                progress => Console.Error.WriteLine($"epoch {progress.Epoch:F1} of {epochs}, loss {progress.Loss:F3}"),
                cancellation,
                new Checkpointing(checkpoints, TimeSpan.FromMinutes(3))
            );
            var accuracy = Neighbours(training, splits, device);
            checkpoints.Delete();
            return new Found(
                $"k-NN, k = 10: {accuracy:P2}, in {result.Seconds / 60:F1} minutes, {result.ImagesPerSecond:N0} images/s",
                "84.7 %, 90.0 % on the original pixels",
                true
            );
        }
        catch (TrainingInterruptedException)
        {
            return null;
        }
    }

    private static ImageSplits Load(string root, Options options)
    {
        var splits = new Cifar10(root).Load(Console.Error.WriteLine);
        if (!options.Has("limit"))
            return splits;
        using (splits)
        {
            var limit = options.Number("limit", 1000, 20);
            return new ImageSplits(
                splits.Train.Take(Math.Min(limit, splits.Train.Count)),
                splits.Test.Take(Math.Min(limit, splits.Test.Count))
            );
        }
    }

    /// <summary>The recipe, with as many epochs as asked for or as fit into the minutes at the speed measured first.</summary>
    private static PretrainingSpec Recipe(Options options, ImageSet train, Device device)
    {
        var encoder = options.Choice("encoder", "resnet18", Subjects.Encoders);
        var precision = options.Choice("precision", Subjects.Supported(device)[^1], Subjects.Precisions);
        var batch = options.Number("batch", 512, 2);
        var spec = Subjects.Training(encoder, batch, precision) with
        {
            Encoder = Unweakened(encoder),
            Head = Head,
            Seed = options.Number("seed", 0, 0),
        };
        var epochs = options.Number("epochs", 0, 0);
        if (epochs == 0)
        {
            using var trial = new Pretraining(spec, train, device);
            Throughput.Take(trial, device, 5);
            var perStep = Throughput.Take(trial, device, 20) / 20;
            var seconds = options.Positive("minutes", 15) * 60;
            epochs = (int)Math.Clamp(seconds / perStep / trial.StepsPerEpoch, 1, LongestRun);
        }
        return spec with { Epochs = epochs, LearningRate = Subjects.Rate(batch, epochs) };
    }

    /// <summary>dkobak's residual branches begin as all others.</summary>
    private static EncoderSpec Unweakened(EncoderSpec encoder) =>
        encoder is ResNetSpec resNet ? resNet with { ZeroInitResidual = false } : encoder;

    /// <summary>Top-1 of k-NN, k = 10.</summary>
    private static double Neighbours(Pretraining training, ImageSplits splits, Device device)
    {
        var frozen = new FrozenEncoder(training.Encoder, device, new Identity());
        using var train = frozen.Train(splits.Train);
        using var test = frozen.Test(splits.Test);
        return NearestNeighbours.Top1(train, test, 10);
    }

    private static void Evaluate(Pretraining training, ImageSplits splits, Device device)
    {
        var clock = Stopwatch.StartNew();
        using var pause = new CollectionPause();
        var frozen = new FrozenEncoder(training.Encoder, device, new Identity());
        using var train = frozen.Train(splits.Train);
        using var test = frozen.Test(splits.Test);
        foreach (var k in new[] { 10, 200 })
            Console.WriteLine($"k-NN, k = {k}: {NearestNeighbours.Top1(train, test, k):P2}");
        using var generator = new Generator(0, CPU);
        double[] strengths = [1e-5, 1e-4, 1e-3, 1e-2];
        var linear = LinearProbe.Run(train, test, strengths, 0.1, generator);
        Console.WriteLine(
            $"linear probe: {linear.Top1:P2} (L2 {linear.L2:g2}, chosen on a tenth of the training images)"
        );
        Console.WriteLine($"evaluated in {clock.Elapsed.TotalMinutes:F1} minutes");
    }
}
