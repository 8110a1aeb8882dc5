using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class NormalizeTests
{
    [Fact]
    public void Each_channel_loses_its_mean_and_is_divided_by_its_deviation()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(3, 3, 4, 5);
        var before = images.clone();
        var (mean, deviation) = (new[] { 0.485, 0.456, 0.406 }, new[] { 0.229, 0.224, 0.225 });
        var pixels = Numbers(images);
        var expected = Fill(pixels, (n, c, y, x) => (pixels[n, c, y, x] - mean[c]) / deviation[c]);
        Close(expected, new Normalize(mean, deviation).Apply(images, ViewParameters.None));
        Assert.True(Same(before, images));
    }

    [Fact]
    public void Numbers_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new Normalize([0, 0], [1]));
        Assert.Throws<ArgumentException>(() => new Normalize([double.NaN], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Normalize([0], [0]));
        var shape = new BatchShape(2, 1, 4, 4, CPU);
        var error = Assert.Throws<ArgumentException>(() => new Normalize([0, 0, 0], [1, 1, 1]).Output(shape));
        Assert.Contains("1 channels", error.Message);
    }
}
