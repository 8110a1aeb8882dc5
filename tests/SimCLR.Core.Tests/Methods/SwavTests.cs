using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class SwavTests
{
    [Fact]
    public void Prototypes_that_are_not_normalized_before_a_step_are_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new SwavSpec(7).Create(Contexts.Of(networks));
        using (no_grad())
            method.State["prototypes"].mul_(3);
        method.BeforeStep(Contexts.Input());
        Assert.All(method.State["prototypes"].norm(1).data<double>().ToArray(), norm => Assert.Equal(1, norm, 1e-12));
    }

    [Fact]
    public void Prototypes_stand_still_until_they_may_move()
    {
        using var scope = NewDisposeScope();
        using var images = Noise();
        var spec = Every.Spec("SwAV") with { Method = new SwavSpec(20, FrozenEpochs: 1) };
        using var training = new Pretraining(spec, images, CPU);
        var before = training.State["method.prototypes"].clone();
        // An epoch has 4 steps.
        for (var step = 0; step < 4; step++)
            training.TrainStep().Dispose();
        var still = training.State["method.prototypes"];
        Assert.InRange((still - before).abs().max().ToDouble(), 0, 1e-6);
        training.TrainStep().Dispose();
        Assert.True((training.State["method.prototypes"] - before).abs().max().ToDouble() > 1e-4);
    }

    [Fact]
    public void A_queue_that_is_used_before_it_is_complete_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        // Collected from step 25 on, of 25 an epoch; complete after two more.
        using var with = new SwavSpec(7, Queue: 8, QueueFromEpoch: 1).Create(Contexts.Of(networks));
        using var without = new SwavSpec(7).Create(Contexts.Of(networks));
        double Loss(IMethod method, long step) => method.Loss([new(A), new(B)], Contexts.Input(step)).ToDouble();
        Assert.Equal(Loss(without, 26), Loss(with, 26));
        Assert.NotEqual(Loss(without, 27), Loss(with, 27), 1e-6);
        var rows = with.State["queue A.rows"].clone();
        with.AfterStep([new(A), new(B)], Contexts.Input(24));
        Assert.True(rows.equal(with.State["queue A.rows"]).all().ToBoolean());
        with.AfterStep([new(A), new(B)], Contexts.Input(25));
        var first = with.State["queue B.rows"].narrow(0, 0, 4);
        Assert.InRange((first - nn.functional.normalize(B)).abs().max().ToDouble(), 0, 1e-12);
    }

    [Fact]
    public void Assignments_of_smaller_crops_are_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        var context = Contexts.Of(networks) with
        {
            ViewsBySize =
            [
                [0, 1],
                [2, 3],
            ],
        };
        using var method = new SwavSpec(7).Create(context);
        Assert.Equal(
            [
                [0, 1],
                [2, 3],
            ],
            method.Branches.Select(branch => branch.Views)
        );
        double Loss(params Tensor[] views) =>
            method.Loss([.. views.Select(view => new Embedding(view))], Contexts.Input()).ToDouble();
        var (a, b, c, d) = (A, B, A.roll(1, 0), B.roll(2, 0));
        var (more, less) = (Loss(a, b, c, d), Loss(a, b));
        // With crops that are the pair again, predictions of the own assignment come in.
        Assert.NotEqual(less, Loss(a, b, a, b), 1e-6);
        // Crops may change places.
        Assert.Equal(more, Loss(a, b, d, c), 1e-12);
        Assert.NotEqual(more, Loss(c, d, a, b), 1e-6);
        Assert.Equal(more, Loss(b, a, c, d), 1e-12);
    }

    [Fact]
    public void Queues_hold_the_first_two_views_alone()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        var context = Contexts.Of(networks) with
        {
            ViewsBySize =
            [
                [0, 1],
                [2],
            ],
        };
        using var method = new SwavSpec(7, Queue: 4, QueueFromEpoch: 0).Create(context);
        method.AfterStep([new(A), new(B), new(A + B)], Contexts.Input());
        Assert.Equal(2, method.State.Keys.Count(name => name.EndsWith("rows")));
        Assert.InRange((method.State["queue A.rows"] - nn.functional.normalize(A)).abs().max().ToDouble(), 0, 1e-12);
        Assert.InRange((method.State["queue B.rows"] - nn.functional.normalize(B)).abs().max().ToDouble(), 0, 1e-12);
    }

    [Fact]
    public void Embeddings_that_are_not_normalized_are_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new SwavSpec(7, Queue: 4, QueueFromEpoch: 0).Create(Contexts.Of(networks));
        var (longer, shorter) = (1e4 * A, 1e-4 * B);
        double Loss(Tensor x, Tensor y, long step) => method.Loss([new(x), new(y)], Contexts.Input(step)).ToDouble();
        Assert.Equal(Loss(A, B, 0), Loss(longer, shorter, 0), 1e-9);
        // With the queue, from the second step on.
        method.AfterStep([new(B), new(A)], Contexts.Input());
        var expected = Loss(A, B, 1);
        Assert.NotEqual(expected, Loss(A, B, 0), 1e-6);
        method.AfterStep([new(1e4 * B), new(1e-4 * A)], Contexts.Input());
        Assert.Equal(expected, Loss(longer, shorter, 1), 1e-9);
    }

    [Fact]
    public void Assignments_by_scores_over_the_temperature_are_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new SwavSpec(7).Create(Contexts.Of(networks));
        Tensor Scores(Tensor z) => nn.functional.normalize(z).mm(method.State["prototypes"].t());
        double Loss(double over) =>
            ((Half(Scores(A), Scores(B), over) + Half(Scores(B), Scores(A), over)) / 2).ToDouble();
        static Tensor Half(Tensor assigned, Tensor other, double over) =>
            SelfDistillation.CrossEntropy(SinkhornKnopp.Codes(assigned / over, 0.05, 3), other, 0.1);
        var loss = method.Loss([new(A), new(B)], Contexts.Input()).ToDouble();
        Assert.Equal(Loss(1), loss, 1e-12);
        Assert.NotEqual(Loss(0.1), loss, 1e-3);
    }

    [Fact]
    public void Equal_embeddings_have_the_loss_that_is_watched_for()
    {
        // As near to each prototype as to every other.
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new SwavSpec(3).Create(Contexts.Of(networks));
        using (no_grad())
            method.State["prototypes"].copy_(eye(3, dtype: ScalarType.Float64));
        var equal = ones(4, 3, ScalarType.Float64);
        IsWatchedFor(Math.Log(3), method, equal, equal, 1e-9);
    }

    [Fact]
    public void Predictions_that_tell_nothing_have_the_loss_that_is_watched_for()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new SwavSpec(3000, Temperature: 1e6).Create(Contexts.Of(networks));
        IsWatchedFor(8.006, method, A, B, 5e-4);
    }

    private static void IsWatchedFor(double expected, IMethod method, Tensor a, Tensor b, double within)
    {
        var loss = method.Loss([new(a), new(b)], Contexts.Input()).ToDouble();
        Assert.Equal(expected, loss, within);
        Assert.Contains(method.Collapses, collapse => collapse.Figure == "loss" && collapse.IsSeen(loss));
    }
}
