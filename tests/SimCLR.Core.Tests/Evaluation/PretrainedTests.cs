using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class PretrainedTests
{
    /// <summary>The same, with a view that counts the batches it sees.</summary>
    private static (Pretrained Pretrained, Counted View) Counting(Tiny tiny)
    {
        var view = new Counted(new Resize(Tiny.Side));
        return (tiny.Pretrained with { Evaluation = tiny.Pretrained.Evaluation with { Picture = view } }, view);
    }

    [Fact]
    public void Features_are_computed_once_for_all_measurements()
    {
        using var tiny = new Tiny();
        var (counted, view) = Counting(tiny);
        using var pretrained = counted;
        for (var i = 0; i < 2; i++)
        {
            new LinearEvaluation().Measure(pretrained);
            new NeighbourEvaluation().Measure(pretrained with { Cancellation = CancellationToken.None });
            new NeighbourChoice([(1, 0.1), (5, 0.1)]).Measure(pretrained);
            pretrained.Sample();
        }
        // A batch of training images and one of test images.
        Assert.Equal(2, view.Draws);
        pretrained.Dispose();
        pretrained.TestFeatures();
        Assert.Equal(3, view.Draws);
    }

    [Fact]
    public void What_is_not_asked_for_is_not_computed()
    {
        using var tiny = new Tiny();
        var (counted, view) = Counting(tiny);
        using var pretrained = counted;
        Assert.Equal(0, view.Draws);
        pretrained.Sample();
        Assert.Equal(1, view.Draws);
    }

    [Fact]
    public void Features_from_before_a_training_are_not_given_after_it()
    {
        using var tiny = new Tiny();
        using var before = tiny.Pretrained.TestFeatures().H.clone();
        using (no_grad())
            foreach (var parameter in tiny.Pretrained.Encoder.parameters())
                parameter.add_(1e-3);
        using var expected = tiny.Pretrained.Frozen().Test(tiny.Pretrained.Splits.Test);
        using var after = tiny.Pretrained.TestFeatures().H.clone();
        Assert.True(expected.H.equal(after).all().ToBoolean());
        Assert.False(before.equal(after).all().ToBoolean());
    }

    [Fact]
    public void Features_of_other_images_are_not_given()
    {
        using var tiny = new Tiny();
        tiny.Pretrained.TestFeatures();
        using var images = Tiny.Images(7, 2, seed: 3);
        var other = tiny.Pretrained with { Splits = new ImageSplits(tiny.Pretrained.Splits.Train, images) };
        Assert.Equal(7, other.TestFeatures().Count);
        Assert.Equal(40, tiny.Pretrained.TestFeatures().Count);
    }

    [Fact]
    public void Disposed_it_leaves_no_tensor()
    {
        using var tiny = new Tiny();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        tiny.Pretrained.TrainFeatures();
        tiny.Pretrained.TestFeatures();
        Assert.Equal(before + 4, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        tiny.Pretrained.Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_sample_is_of_the_test_images_features()
    {
        using var tiny = new Tiny();
        var sample = tiny.Pretrained.Sample();
        Assert.Equal((40, 40L), (sample.Count, tiny.Pretrained.Splits.Test.Count));
        Assert.Equal(tiny.Pretrained.Splits.Test.Labels.data<long>().ToArray(), sample.Labels);
        var h = tiny.Pretrained.TestFeatures().H[7].data<float>().ToArray();
        var length = Math.Sqrt(h.Sum(x => (double)x * x));
        var row = sample.H.Chunk(sample.Dimension).ElementAt(7);
        Assert.All(h.Zip(row), pair => Assert.Equal(pair.First / length, (double)pair.Second, 1e-3));
    }
}
