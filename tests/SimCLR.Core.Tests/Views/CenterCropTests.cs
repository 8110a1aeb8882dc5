using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class CenterCropTests
{
    [Theory]
    [InlineData(10, 12, 4, 6, 3, 3)]
    [InlineData(11, 13, 4, 6, 4, 4)] // halves are rounded to even: 3.5 and 3.5
    [InlineData(9, 9, 4, 4, 2, 2)] // 2.5
    [InlineData(5, 5, 5, 5, 0, 0)]
    public void The_middle_is_cut_out(int height, int width, int newHeight, int newWidth, int top, int left)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(2, 3, height, width);
        var numbers = Numbers(images);
        var expected = Fill(2, 3, newHeight, newWidth, (n, c, y, x) => numbers[n, c, y + top, x + left]);
        Close(expected, new CenterCrop(newHeight, newWidth).Apply(images, ViewParameters.None), 0);
    }

    [Fact]
    public void Images_that_are_too_small_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => new CenterCrop(8).Output(new(1, 3, 9, 7, CPU)));
        Assert.Contains("8 x 8", error.Message);
        Assert.Contains("9 x 7", error.Message);
    }
}
