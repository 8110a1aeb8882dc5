using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class FrozenEncoderTests
{
    /// <summary>One image at a time, so that batch norm in training mode could not give the same.</summary>
    private static Tensor OneByOne(Tiny tiny, bool withHead)
    {
        using var noGrad = no_grad();
        var (encoder, head) = (tiny.Pretrained.Encoder, tiny.Pretrained.Head);
        encoder.eval();
        head.eval();
        var rows = tiny
            .Pretrained.Splits.Train.Images.unbind(0)
            .Select(image => encoder.forward(image.unsqueeze(0).to_type(ScalarType.Float32) / 255))
            .Select(h => withHead ? head.forward(h) : h)
            .ToList();
        encoder.train();
        head.train();
        return cat(rows);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Representations_are_the_encoders_in_evaluation_mode_over_several_batches(bool withHead)
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny(splits: new ImageSplits(Tiny.Images(503, 2, side: 8), Tiny.Images(4, 2, side: 8)));
        var expected = OneByOne(tiny, withHead);
        using var features = tiny.Pretrained.Frozen(withHead).Train(tiny.Pretrained.Splits.Train);
        Assert.Equal(expected.shape, features.H.shape);
        Assert.InRange((features.H - expected).abs().max().ToDouble(), 0, 1e-5);
        Assert.Equal(
            tiny.Pretrained.Splits.Train.Labels.data<long>().ToArray(),
            features.Labels.data<long>().ToArray()
        );
        Assert.False(features.H.requires_grad);
    }

    [Fact]
    public void Weights_statistics_and_mode_stay_as_they_are()
    {
        using var tiny = new Tiny();
        foreach (var training in new[] { true, false })
        {
            tiny.Pretrained.Encoder.train(training);
            tiny.Pretrained.Head.train(training);
            var before = tiny.State();
            tiny.Pretrained.Frozen(withHead: true).Test(tiny.Pretrained.Splits.Test).Dispose();
            Assert.Equal(before, tiny.State());
        }
    }

    [Fact]
    public void A_submodule_that_was_not_in_training_is_not_afterwards()
    {
        using var tiny = new Tiny();
        var encoder = tiny.Pretrained.Encoder;
        encoder.train();
        var parts = encoder.modules().ToList();
        var norm = parts.OfType<TorchSharp.Modules.NormBase>().First();
        norm.eval();
        tiny.Pretrained.Frozen().Test(tiny.Pretrained.Splits.Test).Dispose();
        Assert.True(encoder.training);
        Assert.All(parts, part => Assert.Equal(!ReferenceEquals(part, norm), part.training));
    }

    [Fact]
    public void Features_that_are_not_finite_are_counted_in_an_error()
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny(
            new PixelsSpec(4),
            splits: new ImageSplits(Tiny.Images(1001, 2, side: 4), Tiny.Images(4, 2, side: 4))
        );
        // Three channels of 4 x 4 pixels; a third of all features, but for one image, is spoilt.
        var error = Assert.Throws<TrainingFailedException>(() =>
            tiny
                .Pretrained.Frozen()
                .Extract(
                    tiny.Pretrained.Splits.Train,
                    (view, batch) =>
                    {
                        var spoilt = view.clone();
                        spoilt[TensorIndex.Colon, 0] = batch == 0 ? double.NaN : double.NegativeInfinity;
                        return batch == 2 ? view : spoilt;
                    }
                )
        );
        Assert.StartsWith("16,000 of 48,048 features are not finite", error.Message);
    }

    [Fact]
    public void What_is_made_of_a_batch_is_told_its_number_and_sees_the_evaluation_view()
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny(splits: new ImageSplits(Tiny.Images(1001, 2, side: 4), Tiny.Images(4, 2, side: 4)));
        var seen = new List<(long Batch, long Count, long Side)>();
        tiny.Pretrained.Frozen(view: new Resize(8))
            .Extract(
                tiny.Pretrained.Splits.Train,
                (view, batch) =>
                {
                    seen.Add((batch, view.shape[0], view.shape[3]));
                    return view;
                }
            )
            .Dispose();
        Assert.Equal([(0, 500, 8), (1, 500, 8), (2, 1, 8)], seen);
    }

    [Fact]
    public void Images_of_several_classes_keep_them_all()
    {
        using var scope = NewDisposeScope();
        using var plain = Tiny.Images(6, 2);
        var targets = tensor(new long[] { 1, -1, 1, 1, -1, 1, 0, 1, -1, -1, 1, 0 }, [6, 2]);
        var images = new ImageSet(plain.Images.clone(), full([6], -1, ScalarType.Int64), ["a", "b"], targets.clone());
        using var tiny = new Tiny(splits: new ImageSplits(images, Tiny.Images(4, 2)));
        using var features = tiny.Pretrained.Frozen().Train(images);
        Assert.True(features.Labels.equal(targets).all().ToBoolean());
    }
}
