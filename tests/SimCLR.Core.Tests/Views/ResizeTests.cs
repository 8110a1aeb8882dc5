using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class ResizeTests
{
    [Theory]
    [InlineData(11, 17, Interpolation.Bilinear, true)]
    [InlineData(40, 5, Interpolation.Bicubic, true)]
    [InlineData(40, 5, Interpolation.Bilinear, false)]
    [InlineData(9, 40, Interpolation.Bicubic, false)]
    public void Resizing_equals_a_scalar_resampling(int height, int width, Interpolation interpolation, bool antialias)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(3, 2, 20, 26);
        var numbers = Numbers(images);
        var expected = Fill(
            3,
            2,
            height,
            width,
            (n, c, y, x) =>
                Math.Clamp(
                    (
                        from row in Resampling.Taps(y, 20, height, interpolation, antialias)
                        from column in Resampling.Taps(x, 26, width, interpolation, antialias)
                        select row.Weight * column.Weight * numbers[n, c, row.Pixel, column.Pixel]
                    ).Sum(),
                    0,
                    1
                )
        );
        var view = new Resize(height, width, interpolation, antialias);
        Close(expected, view.Apply(images, ViewParameters.None));
    }

    [Fact]
    public void Images_of_the_right_size_stay_as_they_are()
    {
        using var images = RandomImages(3, 2, 20, 20);
        Assert.Same(images, new Resize(20).Apply(images, ViewParameters.None));
    }

    [Fact]
    public void A_size_below_1_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new Resize(0));
}
