using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

public class TrainingWatchTests
{
    private static TrainingProgress Seen(long step, double loss = 3, double gradient = 1, double deviation = 0.9) =>
        new(
            step,
            1000,
            1,
            0.1,
            100,
            TimeSpan.Zero,
            [
                new Figure("loss", loss, FigureUnit.Plain),
                new Figure("embedding deviation", deviation, FigureUnit.Plain),
                new Figure("gradient norm", gradient, FigureUnit.Plain),
            ]
        );

    private static string Fails(IEnumerable<TrainingProgress> seen, double? collapsed = null)
    {
        var watch = new TrainingWatch([.. SimClr.Watched(collapsed, 64)], 20);
        return Assert.ThrowsAny<TrainingFailedException>(() => seen.ToList().ForEach(watch.Look)).Message;
    }

    [Fact]
    public void A_loss_that_is_no_number_is_named() =>
        Assert.Contains("The loss is NaN by step 7", Fails([Seen(7, loss: double.NaN)]));

    [Fact]
    public void A_gradient_that_is_not_finite_is_named() =>
        Assert.Contains("norm is Infinity at step 7", Fails([Seen(7, gradient: double.PositiveInfinity)]));

    [Fact]
    public void Collapsed_embeddings_are_named() =>
        Assert.Contains(
            "embeddings have collapsed by step 5",
            Fails(Enumerable.Range(1, 9).Select(step => Seen(step, deviation: 1e-4)))
        );

    [Fact]
    public void A_loss_that_stays_where_it_began_is_named_after_warmup_and_grace() =>
        Assert.Contains(
            "stuck at 4.8",
            Fails(Enumerable.Range(1, 200).Select(step => Seen(step, loss: Math.Log(127) + 1e-3)), Math.Log(127))
        );

    [Theory]
    [InlineData(127, "(ln(2N - 1) = 4.844)")]
    [InlineData(64, "(ln N = 4.159)")] // negatives of one view
    [InlineData(3, "(as of equal embeddings = 1.099)")] // a loss of one's own
    public void The_loss_of_guessing_is_named_by_its_formula(int choices, string formula) =>
        Assert.Contains(
            formula,
            Fails(Enumerable.Range(1, 200).Select(step => Seen(step, loss: Math.Log(choices))), Math.Log(choices))
        );

    [Fact]
    public void A_point_without_the_figure_that_is_watched_is_passed_over()
    {
        var seen = new Collapse("age", age => age > 3, true, now => $"Old by step {now.Step}.");
        var watch = new TrainingWatch([seen], 0);
        foreach (var step in Enumerable.Range(1, 200))
            watch.Look(Seen(step));
    }

    [Fact]
    public void What_recovers_is_left_alone()
    {
        var watch = new TrainingWatch([.. SimClr.Watched(Math.Log(127), 64)], 0);
        for (var step = 1; step < 1000; step++)
        {
            var bad = step % (TrainingWatch.Patience + 1) < TrainingWatch.Patience - 1;
            watch.Look(bad ? Seen(step, Math.Log(127), deviation: 1e-4) : Seen(step));
        }
    }

    [Fact]
    public void One_that_is_not_to_fail_is_told_of_once_and_its_step_is_that_of_the_collapse_it_is_in()
    {
        var told = new List<string>();
        var watch = new TrainingWatch([.. SimClr.Watched(null, 64)], 0, told.Add);
        long? After(IEnumerable<int> steps, double deviation)
        {
            foreach (var step in steps)
                watch.Look(Seen(step, deviation: deviation));
            return watch.CollapsedAt;
        }
        Assert.Null(After(Enumerable.Range(1, 4), 1e-4));
        Assert.Equal(5, After(Enumerable.Range(5, 20), 1e-4));
        Assert.Contains("collapsed by step 5:", Assert.Single(told));
        Assert.EndsWith("The training goes on.", told[0]);
        Assert.Equal(5, After([25], 0.5)); // one interval is no recovery
        Assert.Equal(5, After(Enumerable.Range(26, 10), 1e-4));
        Assert.Single(told);
        Assert.Null(After(Enumerable.Range(36, 5), 0.5)); // it has come out of it
        Assert.Equal(45, After(Enumerable.Range(41, 10), 1e-4));
        Assert.Equal(2, told.Count);
    }

    [Fact]
    public void What_looks_like_two_collapses_is_told_of_as_the_first()
    {
        var told = new List<string>();
        var watch = new TrainingWatch(
            [Collapse.OfEmbeddings("Try this."), Collapse.OntoLine("Try this.")],
            0,
            told.Add
        );
        foreach (var step in Enumerable.Range(1, 200))
            watch.Look(
                Seen(step) with
                {
                    // Equal embeddings: the rank of no spread at all is 0.
                    Figures =
                    [
                        new("loss", -1, FigureUnit.Plain),
                        new("gradient norm", 1, FigureUnit.Plain),
                        new(Health.Deviation, 0, FigureUnit.Plain),
                        new(Health.Rank, 0, FigureUnit.Plain),
                    ],
                }
            );
        Assert.Contains("look the same", Assert.Single(told));
        Assert.Equal(5, watch.CollapsedAt);
    }

    [Theory]
    [InlineData(2, 16, false)] // two images always lie on a line
    [InlineData(16, 1, false)] // as do all on a line's own dimension
    [InlineData(16, 16, true)]
    public void Only_where_there_is_room_for_more_are_SimSiam_and_BYOL_watched_for_a_line(
        int batch,
        int output,
        bool isWatched
    )
    {
        using var images = Noise();
        foreach (IMethodSpec method in new IMethodSpec[] { new SimSiamSpec(null), new ByolSpec(null, new(0.9, 1)) })
        {
            var spec = Spec() with { Method = method, BatchSize = batch, Head = new HeadSpec(Output: output) };
            using var training = new Pretraining(spec, images, CPU);
            Assert.Equal(isWatched, training.Collapses.Any(collapse => collapse.Figure == Health.Rank));
        }
    }

    [Theory]
    [InlineData(1.04, true)] // as SimSiam without its stopped gradient
    [InlineData(2.04, false)] // the lowest of BYOL that learnt
    public void Embeddings_on_a_line_are_named_after_warmup_and_grace(double rank, bool isLine)
    {
        var watch = new TrainingWatch([Collapse.OntoLine("Try this.")], 20);
        var points = Enumerable
            .Range(1, 200)
            .Select(step =>
                Seen(step, deviation: 0.3) with
                {
                    Figures =
                    [
                        new Figure("loss", -0.9, FigureUnit.Plain),
                        new("gradient norm", 1, FigureUnit.Plain),
                        new(Health.Rank, rank, FigureUnit.Plain),
                    ],
                }
            );
        void Look() => points.ToList().ForEach(watch.Look);
        if (!isLine)
            Look();
        else
        {
            var error = Assert.Throws<TrainingCollapsedException>(Look);
            Assert.Equal(Collapse.Collapsed, error.Name);
            Assert.Contains("onto a line by step 125: their effective rank is 1.04", error.Message);
            Assert.EndsWith("Try this.", error.Message);
        }
    }

    /// <summary>One whose embeddings are all alike from the start.</summary>
    private static Pretraining Alike(SimCLR.Core.Images.ImageSet images, Action<string>? warn = null)
    {
        var spec = Spec() with { Head = new HeadSpec(1, BatchNorm: false), Epochs = 8, LearningRate = 1e-6 };
        var training = new Pretraining(spec, images, CPU, warn);
        using (no_grad())
        {
            foreach (var parameter in training.Head.parameters())
                parameter.mul_(0);
            foreach (var parameter in training.Head.parameters().Where(parameter => parameter.dim() == 1))
                parameter.add_(1);
        }
        return training;
    }

    [Fact]
    public void A_training_whose_head_has_collapsed_fails_and_says_so()
    {
        using var images = Noise();
        using var training = Alike(images);
        var error = Assert.Throws<TrainingCollapsedException>(() => training.Run());
        Assert.Equal(Collapse.Collapsed, error.Name);
        Assert.Contains("collapsed", error.Message);
    }

    [Fact]
    public void Asked_to_go_on_it_ends_with_the_step_by_which_it_had_collapsed()
    {
        using var images = Noise();
        var told = new List<string>();
        using var training = Alike(images, told.Add);
        training.ContinuesCollapsed = true;
        var result = training.Run();
        Assert.Equal(training.TotalSteps, result.Steps);
        Assert.Contains($"collapsed by step {result[Pretraining.CollapsedAt]}:", Assert.Single(told));
        using var sound = new Pretraining(Spec(), images, CPU) { ContinuesCollapsed = true };
        Assert.DoesNotContain(sound.Run().Figures, figure => figure.Name == Pretraining.CollapsedAt);
    }

    [Fact]
    public void A_training_that_learns_nothing_fails_and_says_so()
    {
        // At this temperature all similarities are as good as equal, and the learning rate is as good as none.
        using var images = Noise();
        var spec = Spec(learningRate: 1e-9) with { Method = new SimClrSpec(new NtXent(1e4)), Epochs = 60 };
        using var training = new Pretraining(spec, images, CPU);
        var error = Assert.Throws<TrainingCollapsedException>(() => training.Run());
        Assert.Equal(Collapse.LearntNothing, error.Name);
        Assert.Contains("stuck", error.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void The_collapsed_loss_is_that_of_equal_embeddings(int dimensions)
    {
        using var scope = NewDisposeScope();
        var equal = ones(8, dimensions, ScalarType.Float64);
        var loss = new NtXent(0.3);
        Assert.Equal(loss.Compute(equal, equal).ToDouble(), loss.Collapsed(8)!.Value, precision: 12);
        Assert.Equal(0, ContrastiveMetrics.Deviation(equal).ToDouble(), precision: 6);
    }

    [Fact]
    public void The_deviation_of_evenly_spread_embeddings_is_1()
    {
        using var scope = NewDisposeScope();
        var spread = cat([eye(4), -eye(4)]) * 3;
        Assert.Equal(1, ContrastiveMetrics.Deviation(spread).ToDouble(), precision: 6);
    }
}
