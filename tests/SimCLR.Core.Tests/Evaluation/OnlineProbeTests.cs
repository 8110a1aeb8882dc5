using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Training;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class OnlineProbeTests
{
    private static OnlineProbe Make(long features = 4, int classes = 3, double rate = 0.1) =>
        new(features, classes, rate, new RandomStreams(0), CPU);

    private static Tensor Random(params long[] shape)
    {
        using var generator = new RandomStreams(1).At("test", 0);
        return randn(shape, generator: generator);
    }

    [Fact]
    public void The_encoder_is_bit_for_bit_what_it_is_without_the_probe()
    {
        using var images = Small.Noise();
        using var alone = new Pretraining(Small.Spec(), images, CPU);
        using var watched = new Pretraining(Small.Spec(), images, CPU);
        using var probe = Make(watched.Encoder.FeatureSize, 2);
        watched.Observer = probe;
        var losses = new[] { alone, watched }
            .Select(training => training.Run().Progress.Select(progress => progress.Loss).ToList())
            .ToList();
        Assert.Equal(losses[0], losses[1]);
        var (expected, actual) = (Small.Bytes(alone), Small.Bytes(watched));
        Assert.All(expected, named => Assert.Equal(named.Value, actual[named.Key]));
        Assert.Contains("observer.weight", actual.Keys);
    }

    [Fact]
    public void A_batch_in_parts_is_one_step_as_a_whole_one_is()
    {
        // With frozen batch norm the representations are the same whatever the parts.
        string[] names = ["weight", "bias", "weight.velocity"];
        Tensor[] After(int part)
        {
            using var images = Small.Noise();
            var spec = Small.Spec() with { MicroBatches = new MicroBatches(part, FreezeBatchNorm: true) };
            using var training = new Pretraining(spec, images, CPU);
            using var probe = Make(training.Encoder.FeatureSize, 2, rate: 1);
            training.Observer = probe;
            training.TrainStep().Dispose();
            training.TrainStep().Dispose();
            return [.. names.Select(name => probe.State[name].detach().clone())];
        }
        using var scope = NewDisposeScope();
        var whole = After(16);
        foreach (var (expected, actual) in whole.Zip(After(6)))
            Assert.InRange((expected - actual).abs().max().ToDouble() / expected.abs().max().ToDouble(), 0, 1e-4);
    }

    [Fact]
    public void Two_steps_by_hand()
    {
        using var scope = NewDisposeScope();
        using var probe = Make(rate: 0.5);
        var (h, labels) = (Random(6, 4), tensor(new long[] { 0, 2, 1 }));
        var (w, b) = (probe.State["weight"].detach().clone(), probe.State["bias"].detach().clone());
        var (vw, vb) = (zeros_like(w), zeros_like(b));
        for (var step = 0; step < 2; step++)
        {
            probe.Observe(h, labels);
            // Both views of an image have its label.
            var targets = nn.functional.one_hot(cat([labels, labels]), 3);
            var error = (nn.functional.softmax(h.mm(w.t()) + b, 1) - targets) / 6;
            (vw, vb) = (0.9 * vw + error.t().mm(h), 0.9 * vb + error.sum([0]));
            (w, b) = (w - 0.5 * vw, b - 0.5 * vb);
        }
        Assert.InRange((probe.State["weight"] - w).abs().max().ToDouble(), 0, 1e-6);
        Assert.InRange((probe.State["bias"] - b).abs().max().ToDouble(), 0, 1e-6);
        Assert.False(h.requires_grad);
    }

    [Fact]
    public void Images_without_a_label_count_for_nothing()
    {
        using var scope = NewDisposeScope();
        using var labelled = Make();
        using var mixed = Make();
        var h = Random(6, 4);
        var before = mixed.State["weight"].detach().clone();
        mixed.Observe(h, full([3], -1, ScalarType.Int64));
        Assert.True(mixed.State["weight"].equal(before).all().ToBoolean());
        // Images 0 and 2 alone, or among one without a label.
        mixed.Observe(h, tensor(new long[] { 1, -1, 0 }));
        labelled.Observe(h.index_select(0, tensor(new long[] { 0, 2, 3, 5 })), tensor(new long[] { 1, 0 }));
        Assert.InRange((mixed.State["weight"] - labelled.State["weight"]).abs().max().ToDouble(), 0, 1e-7);
    }

    [Fact]
    public void A_rate_out_of_range_and_a_probe_that_saw_no_training_are_refused()
    {
        foreach (var rate in new[] { 0, -1, double.NaN, double.PositiveInfinity })
            Assert.Throws<ArgumentOutOfRangeException>(() => Make(rate: rate));
        using var tiny = new Tiny();
        using var accuracy = new OnlineAccuracy(0.1);
        Assert.Contains(
            "has not seen the training",
            Assert.Throws<InvalidOperationException>(() => accuracy.Measure(tiny.Pretrained)).Message
        );
    }

    [Fact]
    public void Its_accuracy_is_that_on_frozen_test_features()
    {
        using var tiny = new Tiny();
        using var accuracy = new OnlineAccuracy(0.5);
        var observer = ((IMeasurement)accuracy).Observer(tiny.Pretrained)!;
        using var train = tiny.Pretrained.Frozen().Train(tiny.Pretrained.Splits.Train);
        using var twice = cat([train.H, train.H]);
        for (var step = 0; step < 60; step++)
            observer.Observe(twice, train.Labels);
        Assert.InRange(accuracy.Measure(tiny.Pretrained).Single().Value, 0.9, 1);
    }
}
