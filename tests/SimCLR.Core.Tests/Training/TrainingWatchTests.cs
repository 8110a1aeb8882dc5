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
        var watch = new TrainingWatch([.. SimClr.Watched(collapsed)], 20);
        return Assert.Throws<TrainingFailedException>(() => seen.ToList().ForEach(watch.Look)).Message;
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

    [Fact]
    public void What_recovers_is_left_alone()
    {
        var watch = new TrainingWatch([.. SimClr.Watched(Math.Log(127))], 0);
        for (var step = 1; step < 1000; step++)
        {
            var bad = step % (TrainingWatch.Patience + 1) < TrainingWatch.Patience - 1;
            watch.Look(bad ? Seen(step, Math.Log(127), deviation: 1e-4) : Seen(step));
        }
    }

    [Fact]
    public void A_training_whose_head_has_collapsed_fails_and_says_so()
    {
        using var images = Noise();
        var spec = Spec() with { Head = new HeadSpec(1, BatchNorm: false), Epochs = 8, LearningRate = 1e-6 };
        using var training = new Pretraining(spec, images, CPU);
        using (no_grad())
        {
            foreach (var parameter in training.Head.parameters())
                parameter.mul_(0);
            foreach (var parameter in training.Head.parameters().Where(parameter => parameter.dim() == 1))
                parameter.add_(1);
        }
        Assert.Contains("collapsed", Assert.Throws<TrainingFailedException>(() => training.Run()).Message);
    }

    [Fact]
    public void A_training_that_learns_nothing_fails_and_says_so()
    {
        // At this temperature all similarities are as good as equal, and the learning rate is as good as none.
        using var images = Noise();
        var spec = Spec(learningRate: 1e-9) with { Method = new SimClrSpec(new NtXent(1e4)), Epochs = 60 };
        using var training = new Pretraining(spec, images, CPU);
        Assert.Contains("stuck", Assert.Throws<TrainingFailedException>(() => training.Run()).Message);
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
