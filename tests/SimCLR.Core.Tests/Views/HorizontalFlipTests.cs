using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class HorizontalFlipTests
{
    [Fact]
    public void Chosen_images_are_mirrored_left_to_right()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var images = RandomImages(40, 3, 5, 7);
        var view = new HorizontalFlip();
        var drawn = view.Draw(BatchShape.Of(images), generator);
        var (numbers, chosen) = (Numbers(images), Flags(drawn["apply"]));
        Close(Fill(numbers, (n, c, y, x) => numbers[n, c, y, chosen[n] ? 6 - x : x]), view.Apply(images, drawn), 0);
    }

    [Fact]
    public void Twice_is_nothing()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var images = RandomImages(40, 3, 5, 6);
        var view = new HorizontalFlip();
        var drawn = view.Draw(BatchShape.Of(images), generator);
        Assert.True(Same(images, view.Apply(view.Apply(images, drawn), drawn)));
    }
}
