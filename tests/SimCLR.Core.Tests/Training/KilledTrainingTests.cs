using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Tests.Evaluation;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Training;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>A training in a process of its own, with a checkpoint after its first step and as often as may be after that.</summary>
internal static class KilledTraining
{
    internal const string Verb = "--train-until-killed";

    /// <summary>What is trained: a pretraining, or a classifier of a measurement.</summary>
    private static readonly Dictionary<string, Func<Checkpointing?, Action<TrainingProgress>?, string>> Trainings =
        new()
        {
            ["pretraining"] = (checkpointing, report) => Train(checkpointing, report),
            ["linear SGD"] = (checkpointing, report) =>
                Train(checkpointing, report, new LinearSgd(Tiny.Quick(100)).Train),
            ["fine-tuning"] = (checkpointing, report) =>
                Train(checkpointing, report, new FineTuning(1, 1, Tiny.Quick(100)).Train),
        };

    private static readonly PretrainingSpec Spec = Small.Spec() with { Optimizer = new LarsSpec(), WarmupEpochs = 2 };

    /// <summary>Hundredths of a training that a process takes before it waits for its end: so many that 20 killed ones do not come to the last.</summary>
    private const int Share = 4;

    /// <summary>While this file is there, a process is to be killed.</summary>
    internal static string Killing(string folder) => Path.Combine(folder, "killing");

    /// <summary>Goes on from the newest checkpoint; at the end writes what the run came to.</summary>
    internal static int Run(string folder, string training)
    {
        var checkpoints = new CheckpointFolder(Path.Combine(folder, "checkpoint"), Console.Error.WriteLine);
        var reports = 0;
        var result = Result(
            training,
            new Checkpointing(checkpoints, TimeSpan.Zero),
            _ =>
            {
                if (++reports >= Share)
                    AwaitEnd(Killing(folder));
            }
        );
        File.WriteAllText(Path.Combine(folder, "result"), result);
        return 0;
    }

    private static void AwaitEnd(string killing)
    {
        // Where the tests were killed themselves, nobody kills it.
        for (var watch = Stopwatch.StartNew(); File.Exists(killing); Thread.Sleep(5))
            if (watch.Elapsed > TimeSpan.FromMinutes(5))
                throw new TimeoutException($"Nobody has killed this process, and {killing} is still there.");
    }

    /// <summary>What that training came to.</summary>
    internal static string Result(
        string training,
        Checkpointing? checkpointing = null,
        Action<TrainingProgress>? report = null
    ) => Trainings[training](checkpointing, report);

    /// <summary>The final loss, the losses on the way, and a digest of all weights, statistics and velocities.</summary>
    internal static string Train(
        Checkpointing? checkpointing,
        Action<TrainingProgress>? report = null,
        int epochs = 100
    )
    {
        using var images = Noise();
        using var training = new Pretraining(Spec with { Epochs = epochs }, images, CPU);
        var result = training.Run(report, checkpointing: checkpointing);
        var state = string.Join('\n', Bytes(training).OrderBy(named => named.Key));
        var losses = string.Join(' ', result.Progress.Select(progress => progress.Loss.ToString("R")));
        return $"{result.Loss:R}\n{losses}\n{Digest(state)}";
    }

    /// <summary>A digest of all weights and statistics.</summary>
    private static string Train(
        Checkpointing? checkpointing,
        Action<TrainingProgress>? report,
        Func<Pretrained, ImageClassifier> train
    )
    {
        using var tiny = new Tiny();
        using var classifier = train(tiny.Pretrained.For(checkpointing, report));
        return Digest(Tiny.Bytes(classifier));
    }

    private static string Digest(string state) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(state)));
}

public class KilledTrainingTests(ITestOutputHelper output)
{
    private const int Kills = 20;

    [Theory]
    [InlineData("pretraining")]
    [InlineData("linear SGD")]
    [InlineData("fine-tuning")]
    public async Task A_training_killed_20_times_at_random_moments_ends_bit_for_bit_as_one_that_was_not(string training)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(7);
        File.WriteAllText(KilledTraining.Killing(folder.Root), "");
        for (var kill = 0; kill < Kills; kill++)
        {
            var before = Newest(folder);
            using var process = Start(folder, training);
            var errors = process.StandardError.ReadToEndAsync();
            while (!process.HasExited && Newest(folder) == before)
                Thread.Sleep(5);
            Thread.Sleep(random.Next(0, 60));
            process.Kill();
            process.WaitForExit();
            Assert.True(process.ExitCode == 137, await errors);
            output.WriteLine($"killed after {Path.GetFileName(Newest(folder))}");
        }
        Assert.False(File.Exists(folder.At("result")));
        File.Delete(KilledTraining.Killing(folder.Root));
        using var last = Start(folder, training);
        var said = await last.StandardError.ReadToEndAsync();
        last.WaitForExit();
        Assert.True(last.ExitCode == 0, said);
        Assert.Equal(KilledTraining.Result(training), File.ReadAllText(folder.At("result")));
    }

    private static Process Start(TemporaryFolder folder, string training) =>
        Process.Start(
            new ProcessStartInfo(Environment.ProcessPath!, [KilledTraining.Verb, folder.Root, training])
            {
                RedirectStandardError = true,
            }
        )!;

    private static string? Newest(TemporaryFolder folder) =>
        Directory.Exists(folder.At("checkpoint"))
            ? Directory.GetFiles(folder.At("checkpoint"), "*.safetensors", SearchOption.AllDirectories).Max()
            : null;
}
