using SimCLR.Core.Distributed;
using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class MoCoTests
{
    private static readonly MoCoSpec Spec = new(8, new(0.9, 0.9), 0.2);

    private static IReadOnlyList<Embedding> Embeddings(params Tensor[] projections) =>
        [.. projections.Select(z => new Embedding(z))];

    private static Tensor Rows(IMethod method) => method.State["queue.rows"];

    private static double Loss(IMethod method, params Tensor[] projections) =>
        method.Loss(Embeddings(projections), Contexts.Input()).ToDouble();

    [Fact]
    public void The_example_has_the_loss_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = (Spec with { Queue = 5, NormGroups = 1 }).Create(Contexts.Of(networks, batch: 5));
        Rows(method).copy_(nn.functional.normalize(Queue));
        Is(0.7238755544, method.Loss(Embeddings(A, B), Contexts.Input()));
    }

    [Fact]
    public void Enqueuing_before_the_loss_is_a_mistake_not_made()
    {
        // The loss is the same whatever the queue takes after it, and the queue takes the keys only then.
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Spec.Create(Contexts.Of(networks));
        var before = Rows(method).clone();
        var loss = Loss(method, A, B);
        Is(SimCLR.Core.Losses.InfoNce.WithQueue(A, B, before, 0.2).ToDouble(), tensor(loss));
        Assert.True(Rows(method).equal(before).all().ToBoolean());
        method.AfterStep(Embeddings(A, B), Contexts.Input());
        Is(nn.functional.normalize(B).flatten().data<double>().ToArray(), Rows(method).narrow(0, 0, 4).flatten());
        Assert.True(Rows(method).narrow(0, 4, 4).equal(before.narrow(0, 4, 4)).all().ToBoolean());
        Assert.NotEqual(loss, Loss(method, A, B), 1e-3);
    }

    [Fact]
    public void A_second_direction_that_meets_the_keys_of_the_first_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = (Spec with { Symmetric = true }).Create(Contexts.Of(networks));
        var old = Rows(method).clone();
        var expected =
            SimCLR.Core.Losses.InfoNce.WithQueue(A, 3 * B, old, 0.2)
            + SimCLR.Core.Losses.InfoNce.WithQueue(B, 2 * A, old, 0.2);
        // Queries of both views, then keys of both views.
        Is(expected.ToDouble(), method.Loss(Embeddings(A, B, 2 * A, 3 * B), Contexts.Input()));
        method.AfterStep(Embeddings(A, B, 2 * A, 3 * B), Contexts.Input());
        Is(nn.functional.normalize(cat([A, B])).flatten().data<double>().ToArray(), Rows(method).flatten());
    }

    [Fact]
    public void An_average_of_batch_norms_buffers_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var images = Noise();
        // With a momentum of 0 weights are copies. Statistics are not: they are of keys, which are other views than queries.
        var spec = Every.Spec("MoCo");
        spec = spec with { Method = (MoCoSpec)spec.Method with { Momentum = new(0, 0), NormGroups = 1 } };
        using var copies = new Pretraining(spec, images, CPU);
        for (var i = 0; i < 3; i++)
            copies.TrainStep().Dispose();
        double Difference(string name) =>
            (copies.State[$"method.target.{name}"] - copies.State[name]).abs().max().ToDouble();
        Assert.InRange(Difference("encoder.stages.1.weight"), 0, 1e-6);
        Assert.InRange(Difference("encoder.stages.1.running_mean"), 1e-4, 1);
        Assert.InRange(Difference("encoder.stages.1.running_var"), 1e-4, 1);

        using var training = new Pretraining(Every.Spec("symmetric MoCo"), images, CPU);
        for (var i = 0; i < 3; i++)
            training.TrainStep().Dispose();
        // The counter stays whole: two passes a step, of its own.
        Assert.Equal(6, training.State["method.target.encoder.stages.1.num_batches_tracked"].ToInt64());
        Assert.Equal(6, training.State["encoder.stages.1.num_batches_tracked"].ToInt64());
    }

    [Fact]
    public void A_last_incomplete_batch_is_a_mistake_not_made()
    {
        // 70 images are four batches of 16 an epoch: the queue of 48 takes no 6 more.
        using var images = Noise();
        using var training = new Pretraining(Every.Spec("MoCo"), images, CPU);
        Assert.Equal(4, training.StepsPerEpoch);
        for (var step = 1; step <= 9; step++)
        {
            training.TrainStep().Dispose();
            Assert.Equal(16 * step % 48, training.State["method.queue.position"].ToInt64());
        }
    }

    [Fact]
    public void A_queue_that_is_no_multiple_of_the_batch_or_larger_than_the_data_is_refused()
    {
        using var networks = Contexts.Double(3);
        string Refused(MoCoSpec spec) =>
            Assert.Throws<ArgumentException>(() => spec.Create(Contexts.Of(networks)).Dispose()).Message;
        Assert.Contains("every step brings 4", Refused(Spec with { Queue = 10 }));
        Assert.Contains("every step brings 8", Refused(Spec with { Queue = 12, Symmetric = true }));
        Assert.Contains("there are 100 training images", Refused(Spec with { Queue = 104 }));
        Assert.Contains("NormGroups is 3", Refused(Spec with { NormGroups = 3 }));
        Assert.Contains("NormGroups is 4", Refused(Spec with { NormGroups = 4 }));
    }

    [Fact]
    public void Shuffling_that_changes_nothing_because_batch_norm_sees_the_whole_batch_is_a_mistake_not_made()
    {
        // Only keys are shuffled, and it changes them only where batch norm has groups.
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        var spec = Spec with { Queue = 12 };
        using var method = (spec with { NormGroups = 4 }).Create(Contexts.Of(networks, batch: 12));
        Assert.Equal([false, true], method.Branches.Select(branch => branch.Shuffled));
        Assert.Equal([4, 4], method.Branches.Select(branch => branch.NormGroups));
        Assert.InRange(OfShuffling(method), 1e-3, 10);
        using var ungrouped = spec.Create(Contexts.Of(networks, batch: 12));
        Assert.Equal(0, OfShuffling(ungrouped));
    }

    /// <summary>How far the keys of twelve images are from those that batches in order have.</summary>
    private static double OfShuffling(IMethod method)
    {
        using var images = Noise(12);
        using var views = new BatchViews(
            new ImageBatch(images.Images.clone(), images.Labels.clone()),
            [new Identity(), new HorizontalFlip(1)],
            new RandomStreams(3),
            0
        );
        Tensor Keys(Branch branch)
        {
            var share = new BatchShare(Alone.Instance, 12, null, 1, CPU);
            using var passes = new BranchPasses(method, new RandomStreams(0), 0, Precision.Float32, CPU, share);
            var keys = passes.Embed(branch, new ViewsOfPart(views, 0, 12)).Projection;
            passes.Settle();
            return keys;
        }
        var keys = method.Branches[1];
        return (Keys(keys) - Keys(keys with { Shuffled = false })).abs().max().ToDouble();
    }

    [Fact]
    public void A_queue_of_random_directions_is_easy_at_first()
    {
        using var images = Noise();
        using var training = new Pretraining(Every.Spec("MoCo"), images, CPU);
        using var first = training.TrainStep();
        var result = training.Run();
        Assert.True(first[0].ToSingle() < Math.Log(49));
        Assert.Equal(3, result["queue age"]);
    }
}
