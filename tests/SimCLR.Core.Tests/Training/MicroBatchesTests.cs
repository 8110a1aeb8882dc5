using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

public class MicroBatchesTests
{
    private const int Count = 24;

    private sealed class Network : IDisposable
    {
        internal Network(ScalarType type, bool frozen)
        {
            using var weights = new RandomStreams(1).At("weights", 0);
            Encoder = new ResNetSpec(18, 0.125, ZeroInitResidual: false).Create(3, weights);
            Head = new HeadSpec(Output: 16).Create(Encoder.FeatureSize, weights);
            Encoder.to(type);
            Head.to(type);
            Encoder.train(!frozen);
            Head.train(!frozen);
        }

        internal Encoder Encoder { get; }
        internal ProjectionHead Head { get; }

        internal Dictionary<string, Tensor> Gradients() =>
            Encoder
                .named_parameters()
                .Concat(Head.named_parameters())
                .Where(named => named.parameter.grad is not null)
                .ToDictionary(named => named.name, named => named.parameter.grad!);

        public void Dispose()
        {
            Encoder.Dispose();
            Head.Dispose();
        }
    }

    private static BatchViews Pairs()
    {
        using var images = Noise(Count);
        return new BatchViews(
            new ImageBatch(images.Images.clone(), images.Labels.clone()),
            [Spec().ViewA, new Sequence(Spec().ViewB, new GaussianNoise(0.1))],
            new RandomStreams(3),
            5
        );
    }

    private static Tensor Backward(Network network, BatchViews pairs, MicroBatches? parts) =>
        Embeddings
            .Of(new NtXent(0.2), network.Encoder, network.Head, parts)
            .Backward(pairs, Embeddings.Step(pairs))
            .Loss;

    private static void Close(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual, double tolerance)
    {
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var (name, gradient) in expected)
        {
            var error = (gradient - actual[name]).norm(2f).ToDouble() / gradient.norm(2f).ToDouble();
            Assert.True(error < tolerance, $"{name}: relative deviation {error}");
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(7)] // the last part is smaller
    [InlineData(24)]
    public void With_frozen_batch_norm_the_gradient_is_that_of_the_whole_batch(int size)
    {
        using var scope = NewDisposeScope();
        using var pairs = Pairs();
        using var whole = new Network(ScalarType.Float64, frozen: true);
        using var cached = new Network(ScalarType.Float64, frozen: true);
        var loss = Backward(whole, pairs, null);
        Assert.Equal(loss.ToDouble(), Backward(cached, pairs, new MicroBatches(size, true)).ToDouble(), precision: 12);
        Close(whole.Gradients(), cached.Gradients(), 1e-10);
    }

    [Fact]
    public void With_batch_norm_of_the_parts_the_gradient_is_that_of_one_graph_over_all_parts()
    {
        using var scope = NewDisposeScope();
        using var pairs = Pairs();
        using var graph = new Network(ScalarType.Float64, frozen: false);
        using var cached = new Network(ScalarType.Float64, frozen: false);

        // The reference holds all parts' graphs at once.
        var parts = new[] { (0L, 10L), (10L, 10L), (20L, 4L) }
            .Select(part => pairs.Views(part.Item1, part.Item2).to_type(ScalarType.Float64))
            .Select(views => graph.Head.forward(graph.Encoder.forward(views)).chunk(2))
            .ToList();
        var loss = new NtXent(0.2).Compute(cat([.. parts.Select(z => z[0])]), cat([.. parts.Select(z => z[1])]));
        loss.backward();

        Assert.Equal(loss.ToDouble(), Backward(cached, pairs, new MicroBatches(10)).ToDouble(), precision: 12);
        Close(graph.Gradients(), cached.Gradients(), 1e-10);
    }

    [Fact]
    public void Claimed_exact_although_batch_norm_sees_only_a_part_is_a_mistake_not_made()
    {
        // Not frozen, batch norm's statistics differ from the whole batch's, and so does the gradient: it is said, and it is so.
        using var scope = NewDisposeScope();
        using var pairs = Pairs();
        using var whole = new Network(ScalarType.Float64, frozen: false);
        using var cached = new Network(ScalarType.Float64, frozen: false);
        var loss = Backward(whole, pairs, null).ToDouble();
        Assert.NotEqual(loss, Backward(cached, pairs, new MicroBatches(8)).ToDouble(), precision: 6);
    }

    [Fact]
    public void Running_statistics_move_once_per_part()
    {
        using var scope = NewDisposeScope();
        using var pairs = Pairs();
        using var network = new Network(ScalarType.Float32, frozen: false);
        Backward(network, pairs, new MicroBatches(8));
        Assert.Equal(3, network.Encoder.state_dict()["bn1.num_batches_tracked"].ToInt64());
    }

    [Fact]
    public void Frozen_running_statistics_do_not_move()
    {
        using var images = Noise();
        using var training = new Pretraining(Spec() with { MicroBatches = new MicroBatches(8, true) }, images, CPU);
        var before = Bytes(training);
        training.TrainStep().Dispose();
        training.TrainStep().Dispose();
        var after = Bytes(training);
        Assert.All(
            before.Keys.Where(name => name.Contains("running")),
            name => Assert.Equal(before[name], after[name])
        );
        Assert.NotEqual(before["encoder.stages.0.weight"], after["encoder.stages.0.weight"]);
    }

    [Fact]
    public void Parts_as_large_as_the_batch_train_as_the_batch_does()
    {
        using var images = Noise();
        using var whole = new Pretraining(Spec(), images, CPU);
        using var parts = new Pretraining(Spec() with { MicroBatches = new MicroBatches(16) }, images, CPU);
        Assert.Equal(whole.Run().Loss, parts.Run().Loss, precision: 4);
    }

    [Fact]
    public void A_part_of_one_image_is_refused()
    {
        using var images = Noise();
        var spec = Spec() with { MicroBatches = new MicroBatches(1) };
        Assert.Contains(
            "MicroBatches.Size is 1",
            Assert.Throws<ArgumentException>(() => new Pretraining(spec, images, CPU).Dispose()).Message
        );
    }
}
