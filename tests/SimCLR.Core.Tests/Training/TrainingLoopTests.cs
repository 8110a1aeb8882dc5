using System.Security.Cryptography;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Interop;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Tests.Golden;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

public class TrainingLoopTests
{
    private static readonly TimeSpan Seldom = TimeSpan.FromHours(1);

    private static Checkpointing In(TemporaryFolder folder, List<string>? warnings = null) =>
        new(new CheckpointFolder(folder.Root), Seldom, Warn: warnings is null ? null : warnings.Add);

    /// <summary>Ends a training after a step that need not be one of a logging interval.</summary>
    private static TrainingInterruptedException Stop(
        long totalSteps,
        long after,
        Checkpointing? checkpointing,
        Func<long, float>? loss = null
    )
    {
        using var source = new CancellationTokenSource();
        using var trainee = new Counter(
            totalSteps,
            step =>
            {
                if (step == after)
                    source.Cancel();
                return loss?.Invoke(step) ?? step;
            }
        );
        return Assert.Throws<TrainingInterruptedException>(() =>
            TrainingLoop.Train(trainee, null, source.Token, checkpointing)
        );
    }

    [Fact]
    public void Figures_are_means_by_name_over_the_interval_and_over_the_last_epoch()
    {
        // 1,000 steps: intervals of ten; the last epoch is of steps 997 to 1,000.
        using var trainee = new Counter(1000);
        var reported = new List<TrainingProgress>();
        var result = TrainingLoop.Train(trainee, reported.Add);
        Assert.Equal(100, reported.Count);
        Assert.Equal(reported, result.Progress);
        var second = reported[1];
        Assert.Equal((20, 1000, 5, 200), (second.Step, second.TotalSteps, second.Epoch, second.LearningRate));
        Figure[] expected =
        [
            new("loss", 15.5, FigureUnit.Nats),
            new("half", 7.75, FigureUnit.Share),
            new("gradient norm", 120, FigureUnit.Plain),
        ];
        Assert.Equal(expected, second.Figures);
        Assert.Equal((15.5, 7.75, 120), (second.Loss, second["half"], second["gradient norm"]));
        Assert.Equal(reported.Select(progress => progress.Loss), trainee.Looked);
        Assert.Equal([new("loss", 998.5, FigureUnit.Nats), new("half", 499.25)], result.Figures);
        Assert.Equal((998.5, 499.25, 1000), (result.Loss, result["half"], result.Steps));
    }

    [Fact]
    public void A_figure_that_is_not_there_is_named_beside_those_that_are()
    {
        using var trainee = new Counter(4);
        var result = TrainingLoop.Train(trainee);
        var error = Assert.Throws<KeyNotFoundException>(() => result["quarter"]);
        Assert.Equal("There is no figure 'quarter'; there are 'loss', 'half'.", error.Message);
    }

    [Fact]
    public void An_interruption_says_which_checkpoint_there_is()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(Stop(1000, 13, null).Checkpoint);
        var file = Path.Combine(folder.Root, "file");
        File.WriteAllText(file, "");
        var unwritable = new Checkpointing(new CheckpointFolder(Path.Combine(file, "below")), Seldom);
        var error = Stop(1000, 13, unwritable);
        Assert.Null(error.Checkpoint);
        // The first one is written as soon as there is something to write.
        Assert.Equal("counting: interrupted at step 13; there is no checkpoint.", error.Message);
        Assert.Equal(13, Stop(1000, 13, In(folder)).Checkpoint);
        Assert.Equal(
            "counting: interrupted at step 17; it can go on from the checkpoint of step 17.",
            Stop(1000, 17, In(folder)).Message
        );
    }

    [Fact]
    public void A_finished_training_is_taken_up_as_it_is_and_looked_at_again()
    {
        using var folder = new TemporaryFolder();
        var checkpointing = In(folder) with { Interval = TimeSpan.Zero };
        using var first = new Counter(40);
        var expected = TrainingLoop.Train(first, checkpointing: checkpointing);
        using var second = new Counter(40, _ => throw new InvalidOperationException("a step is taken"));
        var result = TrainingLoop.Train(second, checkpointing: checkpointing);
        Assert.Equal(40, second.Count.ToSingle());
        Assert.Equal(first.Looked, second.Looked);
        Assert.Equal(expected.Figures, result.Figures);
        Assert.Single(result.Segments);
    }

    [Theory]
    [InlineData(true)] // the loss of a step before the last one
    [InlineData(false)] // the state
    public void What_is_not_finite_is_not_saved_and_the_checkpoint_before_stays(bool ofLoss)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(13, Stop(1000, 13, In(folder)).Checkpoint);
        float Loss(long step) => ofLoss && step == 16 ? float.PositiveInfinity : step;
        if (ofLoss)
            Assert.Equal(13, Stop(1000, 18, In(folder), Loss).Checkpoint);
        else
        {
            using var source = new CancellationTokenSource();
            Counter? trainee = null;
            trainee = new Counter(1000, step => Overflow(trainee!, source, step));
            using (trainee)
                Assert.Equal(
                    13,
                    Assert
                        .Throws<TrainingInterruptedException>(() =>
                            TrainingLoop.Train(trainee, null, source.Token, In(folder))
                        )
                        .Checkpoint
                );
        }
        // Without what went wrong it goes on from there.
        Assert.Equal(22, Stop(1000, 22, In(folder)).Checkpoint);

        static float Overflow(Counter trainee, CancellationTokenSource source, long step)
        {
            trainee.Count.fill_(float.NaN);
            source.Cancel();
            return step;
        }
    }

    [Fact]
    public void All_checkpoints_of_a_training_that_diverges_are_finite_and_another_attempt_takes_the_last()
    {
        using var folder = new TemporaryFolder();
        using var images = Noise();
        var wild = Spec(learningRate: 1e30) with
        {
            Method = new SimClrSpec(new NtXent(0.5, normalize: false)),
            Head = new HeadSpec(1, BatchNorm: false),
            WarmupEpochs = 1,
            Epochs = 100,
        };
        long? Attempt(PretrainingSpec spec, Action<long> resumed)
        {
            using var training = new Pretraining(spec, images, CPU);
            using var diverged = new Diverged();
            training.Observer = diverged;
            var checkpointing = new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.Zero, resumed);
            return Assert
                .Throws<TrainingInterruptedException>(() => training.Run(null, diverged.Token, checkpointing))
                .Checkpoint;
        }
        // The rate of the first step is 0: it at least is finite.
        var last = Attempt(wild, _ => Assert.Fail("there was nothing to take up"));
        Assert.InRange(last ?? 0, 1, 10);
        var from = -1L;
        Assert.InRange(Attempt(wild, step => from = step) ?? 0, last!.Value, 10);
        Assert.Equal(last, from);
        var files = Directory.GetFiles(folder.Root);
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            using var scope = NewDisposeScope();
            using var stream = File.OpenRead(file);
            Assert.All(
                Safetensors.Read(stream, file).Tensors.Where(named => named.Value.is_floating_point()),
                named => Assert.True(named.Value.isfinite().all().ToBoolean(), named.Key)
            );
        }
    }

    /// <summary>Cancels once a representation is not finite.</summary>
    private sealed class Diverged : CancellationTokenSource, IStepObserver
    {
        public void Observe(Tensor h, Tensor labels)
        {
            if (!h.isfinite().all().ToBoolean())
                Cancel();
        }
    }

    [Fact]
    public void A_training_of_version_0_1_goes_on_and_ends_as_one_that_was_not_interrupted()
    {
        // Made by that version: seven of twelve steps; the figures are those that it came to on another processor perhaps.
        double[] losses = [3.912952, 4.149343, 3.848473, 4.007419, 3.285813, 4.064683, 3.514244];
        var spec = Spec() with { Encoder = new SmallConvSpec([4, 8]), Head = new HeadSpec(Output: 8) };
        using var folder = new TemporaryFolder();
        var bytes = File.ReadAllBytes(Path.Combine(Repository.Root, "tests", "golden", "checkpoint-0.1.safetensors"));
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..32];
        File.WriteAllBytes(folder.At($"step-000000007-{hash}.safetensors"), bytes);
        using var images = Noise();
        using var training = new Pretraining(spec, images, CPU);
        var (from, warnings) = (-1L, new List<string>());
        var result = training.Run(
            checkpointing: new Checkpointing(
                new CheckpointFolder(folder.Root),
                Seldom,
                step => from = step,
                warnings.Add
            )
        );
        Assert.Equal(7, from);
        Assert.Empty(warnings);
        Assert.Equal(Enumerable.Range(1, 12), result.Progress.Select(progress => (int)progress.Step));
        Assert.All(losses.Zip(result.Progress), pair => Assert.Equal(pair.First, pair.Second.Loss, 1e-6));
        Assert.Equal(2.634125, result.Progress[6]["gradient norm"], 1e-6);
        Assert.Equal(double.NaN, result.Progress[6]["entropy"]); // which was not recorded
        Assert.Equal(3.914654, result.Loss, 5e-3);
        Assert.Equal(2.330759, result["entropy"], 5e-3);
        Assert.Equal([0, 7], result.Segments.Select(segment => segment.FromStep));
        Assert.Empty(result.Segments[0].Setting);
    }

    [Fact]
    public void A_figure_that_is_no_number_hinders_no_checkpoint_and_a_loss_that_is_none_does_and_is_told_once()
    {
        using var folder = new TemporaryFolder();
        var warnings = new List<string>();
        var always = new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.Zero, Warn: warnings.Add);
        using (var odd = new Counter(10) { Half = float.NaN })
            TrainingLoop.Train(odd, checkpointing: always);
        Assert.Equal(10, new CheckpointFolder(folder.Root).NewestStep);
        Assert.Empty(warnings);

        using var another = new TemporaryFolder();
        always = new Checkpointing(new CheckpointFolder(another.Root), TimeSpan.Zero, Warn: warnings.Add);
        using (var diverging = new Counter(10, step => step < 4 ? step : float.NaN))
            TrainingLoop.Train(diverging, checkpointing: always);
        Assert.InRange(new CheckpointFolder(another.Root).NewestStep ?? 0, 1, 3);
        Assert.Contains("No checkpoint at step", Assert.Single(warnings));
    }
}
