using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Training;
using TorchSharp;

namespace SimCLR.Core.Tests.Evaluation;

public class ResumedMeasurementTests
{
    private static readonly ClassifierSettings Settings = Tiny.Quick(4);

    private static readonly Dictionary<string, Func<ImageSplits, IMeasurement>> All = new()
    {
        ["linear SGD"] = _ => new LinearSgd(Settings),
        ["fine-tuning"] = _ => new FineTuning(1, 1, Settings),
        ["supervised"] = _ => new SupervisedBaseline(0.7, Settings),
        ["distillation"] = _ => new Distillation(
            new FineTuning(1, 0, Settings),
            new SmallConvSpec([4]),
            0.5,
            Tiny.Quick(3)
        ),
        ["transfer"] = splits => new Transfer(
            splits,
            ProbeMetric.Top1,
            [1],
            [Tiny.Quick(2, 0.01), Tiny.Quick(2), Tiny.Quick(2, 0.02)]
        ),
    };

    public static TheoryData<string, string[]> Measurements =>
        new()
        {
            { "linear SGD", ["linear SGD"] },
            { "fine-tuning", ["fine-tuning"] },
            { "supervised", ["supervised"] },
            { "distillation", ["fine-tuning", "distillation"] },
            { "transfer", ["setting 1/transfer", "setting 2/transfer", "setting 3/transfer", "transfer"] },
        };

    [Theory]
    [MemberData(nameof(Measurements))]
    public void A_measurement_interrupted_every_few_steps_ends_bit_for_bit_as_one_that_was_not_and_repeats_no_step(
        string name,
        string[] trainings
    )
    {
        using var whole = new TemporaryFolder();
        using var parts = new TemporaryFolder();
        var (starts, steps, expectedSteps) = (0, 0, 0);
        var expected = Take(name, whole, _ => expectedSteps++, default)!;
        IReadOnlyList<Figure>? figures = null;
        while (figures is null)
        {
            using var source = new CancellationTokenSource();
            Assert.InRange(++starts, 1, 50);
            var stop = steps + 3;
            figures = Take(
                name,
                parts,
                _ =>
                {
                    if (++steps == stop)
                        source.Cancel();
                },
                source.Token
            );
        }
        Assert.True(starts > 2, $"{starts} starts");
        Assert.Equal(expectedSteps, steps);
        Assert.Equal(expected, figures);
        Assert.Equal(
            trainings.Order(),
            Directory.GetFiles(parts.Root, "*", SearchOption.AllDirectories).Select(Training).Distinct().Order()
        );
        foreach (var training in trainings)
            Assert.Equal(Final(whole, training), Final(parts, training));

        string Training(string file) => Path.GetDirectoryName(Path.GetRelativePath(parts.Root, file))!;
    }

    /// <summary>The figures; null where it was interrupted. Everything is made anew.</summary>
    private static IReadOnlyList<Figure>? Take(
        string name,
        TemporaryFolder folder,
        Action<TrainingProgress> report,
        CancellationToken cancellation
    )
    {
        using var splits = new ImageSplits(Tiny.Images(60, 3, seed: 3), Tiny.Images(30, 3, seed: 4));
        using var tiny = new Tiny();
        try
        {
            return All[name]
                (splits)
                .Measure(
                    tiny.Pretrained with
                    {
                        Checkpointing = new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.Zero),
                        Report = report,
                        Cancellation = cancellation,
                    }
                );
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>The last checkpoint: step, and all weights, statistics and velocities as bytes by name.</summary>
    private static Dictionary<string, string> Final(TemporaryFolder folder, string training)
    {
        using var checkpoint = new CheckpointFolder(Path.Combine(folder.Root, training)).Newest()!;
        return checkpoint
            .Tensors.Select(named => (named.Key, Value: Convert.ToHexString(named.Value.bytes)))
            .Append(("step", $"{checkpoint.Step}"))
            .ToDictionary(named => named.Item1, named => named.Item2);
    }
}
