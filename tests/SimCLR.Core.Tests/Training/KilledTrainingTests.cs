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

/// <summary>A training in a process of its own, with a checkpoint after every step.</summary>
internal static class KilledTraining
{
    internal const string Verb = "--train-until-killed";

    /// <summary>What is trained: a pretraining, or a classifier of a measurement.</summary>
    private static readonly Dictionary<string, Func<Checkpointing?, string>> Trainings = new()
    {
        ["pretraining"] = checkpointing => Train(checkpointing),
        ["linear SGD"] = checkpointing => Train(checkpointing, new LinearSgd(Tiny.Quick(100)).Train),
        ["fine-tuning"] = checkpointing => Train(checkpointing, new FineTuning(1, 1, Tiny.Quick(100)).Train),
    };

    private static readonly PretrainingSpec Spec = Small.Spec() with { Optimizer = new LarsSpec(), WarmupEpochs = 2 };

    /// <summary>Goes on from the newest checkpoint; at the end writes what the run came to.</summary>
    internal static int Run(string folder, string training)
    {
        var checkpoints = new CheckpointFolder(Path.Combine(folder, "checkpoint"), Console.Error.WriteLine);
        var result = Result(training, new Checkpointing(checkpoints, TimeSpan.Zero));
        File.WriteAllText(Path.Combine(folder, "result"), result);
        return 0;
    }

    /// <summary>What that training came to.</summary>
    internal static string Result(string training, Checkpointing? checkpointing) => Trainings[training](checkpointing);

    /// <summary>The final loss, the losses on the way, and a digest of all weights, statistics and velocities.</summary>
    internal static string Train(Checkpointing? checkpointing, int epochs = 100)
    {
        using var images = Noise();
        using var training = new Pretraining(Spec with { Epochs = epochs }, images, CPU);
        var result = training.Run(checkpointing: checkpointing);
        var state = string.Join('\n', Bytes(training).OrderBy(named => named.Key));
        var losses = string.Join(' ', result.Progress.Select(progress => progress.Loss.ToString("R")));
        return $"{result.Loss:R}\n{losses}\n{Digest(state)}";
    }

    /// <summary>A digest of all weights and statistics.</summary>
    private static string Train(Checkpointing? checkpointing, Func<Pretrained, ImageClassifier> train)
    {
        using var tiny = new Tiny();
        using var classifier = train(tiny.Pretrained with { Checkpointing = checkpointing });
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
        var (kills, starts) = (0, 0);
        while (!File.Exists(folder.At("result")))
        {
            Assert.InRange(++starts, 1, 10 * Kills);
            using var process = Process.Start(
                new ProcessStartInfo(Environment.ProcessPath!, [KilledTraining.Verb, folder.Root, training])
                {
                    RedirectStandardError = true,
                }
            )!;
            var errors = process.StandardError.ReadToEndAsync();
            if (kills == Kills)
                process.WaitForExit();
            else if (HasBegun(process, folder) && !process.WaitForExit(random.Next(0, 60)))
            {
                process.Kill();
                process.WaitForExit();
                kills++;
            }
            process.WaitForExit();
            Assert.True(process.ExitCode is 0 or 137, await errors);
        }
        output.WriteLine($"{kills} kills, {starts} starts");
        Assert.Equal(Kills, kills);
        Assert.Equal(KilledTraining.Result(training, null), File.ReadAllText(folder.At("result")));
    }

    /// <summary>Waits until a checkpoint is written that was not there before.</summary>
    private static bool HasBegun(Process process, TemporaryFolder folder)
    {
        var path = Path.Combine(folder.Root, "checkpoint");
        string? Newest() =>
            Directory.Exists(path)
                ? Directory.GetFiles(path, "*.safetensors", SearchOption.AllDirectories).Max()
                : null;
        var before = Newest();
        while (!process.HasExited && Newest() == before)
            Thread.Sleep(5);
        return !process.HasExited;
    }
}
