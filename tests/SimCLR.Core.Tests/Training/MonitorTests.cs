using SimCLR.Core.Tests.Distributed;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Training;

namespace SimCLR.Core.Tests.Training;

/// <summary>A monitor in the loop: when it looks, what the curve has of it, and how it ends a training.</summary>
public class MonitorTests
{
    /// <summary>Tells the step at which it looks; in looks, the n-th's value is the test's.</summary>
    private sealed class Looking(Func<double> figure, int epochs = 1, EarlyStopping? stopping = null) : IMonitor
    {
        internal int Looks { get; private set; }
        internal Action? During { get; init; }
        public int Epochs => epochs;
        public EarlyStopping? Stopping => stopping;

        public IReadOnlyList<Figure> Measure(CancellationToken cancellation)
        {
            During?.Invoke();
            cancellation.ThrowIfCancellationRequested();
            Looks++;
            return [new Figure("height", figure())];
        }
    }

    private static readonly TimeSpan Seldom = TimeSpan.FromHours(1);

    private static List<(long, double)> Heights(IEnumerable<TrainingProgress> curve) =>
        [
            .. curve
                .Where(point => point.Figures.Any(figure => figure.Name == "height"))
                .Select(point => (point.Step, point["height"])),
        ];

    [Fact]
    public void It_looks_every_so_many_epochs_and_at_the_end()
    {
        // Epochs are of four steps; 44 steps are logged one by one.
        using var trainee = new Counter(44);
        trainee.Monitor = new Looking(() => trainee.StepsDone, epochs: 2);
        var result = TrainingLoop.Train(trainee);
        Assert.Equal([(8, 8), (16, 16), (24, 24), (32, 32), (40, 40), (44, 44)], Heights(result.Progress));
        Assert.Equal(44, result.Progress.Count);
    }

    [Fact]
    public void The_points_of_a_training_are_what_they_are_without_it_and_between_them_are_its_own()
    {
        // 1,000 steps: intervals of ten; looks after 28, 56, ... steps.
        using var alone = new Counter(1000);
        using var watched = new Counter(1000);
        watched.Monitor = new Looking(() => 1, epochs: 7);
        var (expected, actual) = (TrainingLoop.Train(alone), TrainingLoop.Train(watched));
        Assert.Equal(
            expected.Progress.Select(point => (point.Step, point.Loss, point["half"])),
            actual
                .Progress.Where(point => point.Step % 10 == 0)
                .Select(point => (point.Step, point.Loss, point["half"]))
        );
        Assert.Equal(alone.Looked, watched.Looked);
        Assert.Equal(expected.Figures, actual.Figures);
        // Of 28 steps the last eight, whose losses are their numbers.
        Assert.Equal(24.5, actual.Progress.Single(point => point.Step == 28).Loss);
        Assert.Equal(
            Enumerable.Range(1, 35).Select(look => 28L * look).Append(1000),
            Heights(actual.Progress).Select(look => look.Item1)
        );
    }

    [Fact]
    public void It_ends_a_training_at_the_end_of_an_epoch_whose_means_are_the_last()
    {
        using var trainee = new Counter(1000);
        // 0.1, 0.2, 0.3, then no more.
        trainee.Monitor = new Looking(
            () => Math.Min(0.3, trainee.StepsDone / 40.0),
            stopping: new EarlyStopping("height", 2)
        );
        var result = TrainingLoop.Train(trainee);
        Assert.Equal((20, 20), (result.Steps, trainee.StepsDone));
        Assert.Equal(18.5, result.Loss); // of steps 17 to 20
        Assert.Equal(20, result.Progress[^1].Step);
    }

    [Theory]
    [InlineData(6)] // within an interval
    [InlineData(12)] // just behind a look
    [InlineData(20)] // when it has ended
    public void A_training_that_is_taken_up_ends_where_it_would_have_ended(long interruptedAfter)
    {
        using var folder = new TemporaryFolder();
        var checkpointing = new Checkpointing(new CheckpointFolder(folder.Root), Seldom);
        var stopping = new EarlyStopping("height", 2);
        TrainingResult Train(CancellationToken cancellation, Action<long>? step, Checkpointing? checkpoints)
        {
            using var trainee = new Counter(
                1000,
                done =>
                {
                    step?.Invoke(done);
                    return done;
                }
            );
            trainee.Monitor = new Looking(() => Math.Min(12, trainee.StepsDone), stopping: stopping);
            return TrainingLoop.Train(trainee, null, cancellation, checkpoints);
        }
        using var source = new CancellationTokenSource();
        void CancelThen(long done)
        {
            if (done == interruptedAfter)
                source.Cancel();
        }
        var expected = Train(default, null, null);
        Assert.Equal(20, expected.Steps);
        if (interruptedAfter < 20)
            Assert.Throws<TrainingInterruptedException>(() => Train(source.Token, CancelThen, checkpointing));
        else
            Train(default, null, checkpointing with { Interval = TimeSpan.Zero });
        var result = Train(default, step => Assert.InRange(step, interruptedAfter + 1, 20), checkpointing);
        Assert.Equal(20, result.Steps);
        Assert.Equal(Heights(expected.Progress), Heights(result.Progress));
        Assert.Equal(expected.Figures, result.Figures);
        Assert.Equal(expected.Progress.Select(point => point.Loss), result.Progress.Select(point => point.Loss));
    }

    [Fact]
    public void A_look_that_is_interrupted_is_taken_when_the_training_goes_on_and_no_step_is_lost()
    {
        using var folder = new TemporaryFolder();
        var checkpointing = new Checkpointing(new CheckpointFolder(folder.Root), Seldom);
        using var source = new CancellationTokenSource();
        using var first = new Counter(44);
        first.Monitor = new Looking(() => first.StepsDone)
        {
            During = () =>
            {
                if (first.StepsDone == 44)
                    source.Cancel();
            },
        };
        var error = Assert.Throws<TrainingInterruptedException>(() =>
            TrainingLoop.Train(first, null, source.Token, checkpointing)
        );
        Assert.Equal(44, error.Checkpoint);
        using var second = new Counter(44, _ => throw new InvalidOperationException("a step is taken"));
        second.Monitor = new Looking(() => second.StepsDone);
        var result = TrainingLoop.Train(second, checkpointing: checkpointing);
        Assert.Equal(1, ((Looking)second.Monitor).Looks);
        Assert.Equal(Enumerable.Range(1, 11).Select(epoch => (4L * epoch, 4.0 * epoch)), Heights(result.Progress));
        Assert.Equal(44, result.Progress.Count);
        Assert.Equal(42.5, result.Loss);
        // What only the process that took the step knew.
        Assert.All(result.Progress, point => Assert.True(point.ImagesPerSecond > 0));
    }

    /// <summary>Rises to step 12 and falls from there.</summary>
    private static double Peak(Counter trainee) => -Math.Abs(12 - trainee.StepsDone);

    private static readonly EarlyStopping Best = new("height", 2, KeepsBest: true);

    [Theory]
    [InlineData(1000, 20)] // ended by it
    [InlineData(16, 16)] // ended by itself
    public void What_is_kept_is_of_the_best_look_where_that_is_asked_for(long total, long steps)
    {
        using var trainee = new Counter(total);
        trainee.Monitor = new Looking(() => Peak(trainee), stopping: Best);
        var result = TrainingLoop.Train(trainee);
        Assert.Equal((steps, 12), (result.Steps, result.KeptStep));
        Assert.Equal(12, trainee.Count.item<float>());
        using var last = new Counter(total);
        last.Monitor = new Looking(() => Peak(last), stopping: Best with { KeepsBest = false });
        result = TrainingLoop.Train(last);
        Assert.Equal((steps, steps), (result.Steps, result.KeptStep));
        Assert.Equal(steps, last.Count.item<float>());
    }

    [Fact]
    public void Without_a_look_at_its_figure_the_last_is_kept()
    {
        using var trainee = new Counter(16);
        trainee.Monitor = new Looking(() => 1, stopping: Best with { Figure = "depth" });
        Assert.Equal(16, TrainingLoop.Train(trainee).KeptStep);
        Assert.Equal(16, trainee.Count.item<float>());
    }

    [Theory]
    [InlineData(6)] // before the best look
    [InlineData(14)] // after it
    [InlineData(20)] // when it has ended
    public void What_a_training_that_is_taken_up_keeps_is_of_the_same_look(long interruptedAfter)
    {
        using var folder = new TemporaryFolder();
        var checkpointing = new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.Zero);
        using var source = new CancellationTokenSource();
        float Cancel(long done)
        {
            if (done == interruptedAfter)
                source.Cancel();
            return done;
        }
        using var first = new Counter(1000, Cancel);
        first.Monitor = new Looking(() => Peak(first), stopping: Best);
        Assert.Throws<TrainingInterruptedException>(() => TrainingLoop.Train(first, null, source.Token, checkpointing));
        using var second = new Counter(1000);
        second.Monitor = new Looking(() => Peak(second), stopping: Best);
        var result = TrainingLoop.Train(second, checkpointing: checkpointing);
        Assert.Equal((20, 12), (result.Steps, result.KeptStep));
        Assert.Equal(12, second.Count.item<float>());
        // And so does one that is taken up although it has ended.
        using var third = new Counter(1000, _ => throw new InvalidOperationException("a step is taken"));
        third.Monitor = new Looking(() => Peak(third), stopping: Best);
        Assert.Equal(12, TrainingLoop.Train(third, checkpointing: checkpointing).KeptStep);
        Assert.Equal(12, third.Count.item<float>());
    }

    [Fact]
    public void All_ranks_keep_what_rank_0_finds_best()
    {
        var kept = new float[3];
        ThreadRanks.Run(
            3,
            ranks =>
            {
                using var trainee = new Counter(1000) { Ranks = ranks };
                trainee.Monitor = new Looking(() => Peak(trainee), stopping: Best);
                TrainingLoop.Train(trainee);
                kept[ranks.Rank] = trainee.Count.item<float>();
            }
        );
        Assert.Equal([12, 12, 12], kept);
    }

    [Fact]
    public void Rank_0_looks_and_decides_and_all_ranks_end_together()
    {
        var (steps, looks) = (new long[3], new int[3]);
        ThreadRanks.Run(
            3,
            ranks =>
            {
                using var trainee = new Counter(1000) { Ranks = ranks };
                var looking = new Looking(
                    () => ranks.Rank == 0 ? Math.Min(12, trainee.StepsDone) : trainee.StepsDone,
                    stopping: new EarlyStopping("height", 2)
                );
                trainee.Monitor = looking;
                steps[ranks.Rank] = TrainingLoop.Train(trainee).Steps;
                looks[ranks.Rank] = looking.Looks;
            }
        );
        Assert.Equal([20, 20, 20], steps);
        Assert.Equal([5, 0, 0], looks);
    }

    [Fact]
    public void A_look_that_is_interrupted_on_rank_0_ends_all_ranks_at_the_same_step()
    {
        using var source = new CancellationTokenSource();
        var steps = new long[2];
        ThreadRanks.Run(
            2,
            ranks =>
            {
                using var trainee = new Counter(1000) { Ranks = ranks };
                trainee.Monitor = new Looking(() => 1, epochs: 3) { During = source.Cancel };
                Assert.Throws<TrainingInterruptedException>(() =>
                    TrainingLoop.Train(trainee, null, ranks.Rank == 0 ? source.Token : default)
                );
                steps[ranks.Rank] = trainee.StepsDone;
            }
        );
        Assert.Equal([12, 12], steps);
    }
}
