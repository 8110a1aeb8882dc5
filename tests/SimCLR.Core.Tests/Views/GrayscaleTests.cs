using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class GrayscaleTests
{
    [Fact]
    public void Chosen_images_get_the_weighted_sum_in_every_channel()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var images = RandomImages(40, 3, 5, 7);
        var view = new Grayscale(0.5);
        var drawn = view.Draw(BatchShape.Of(images), generator);
        var (p, chosen) = (Numbers(images), Flags(drawn["apply"]));
        var expected = Fill(
            p,
            (n, c, y, x) =>
                chosen[n] ? 0.2989 * p[n, 0, y, x] + 0.587 * p[n, 1, y, x] + 0.114 * p[n, 2, y, x] : p[n, c, y, x]
        );
        Close(expected, view.Apply(images, drawn), 1e-6);
    }

    [Fact]
    public void One_channel_stays_and_two_are_refused()
    {
        using var images = RandomImages(4, 1, 5, 5);
        Assert.Same(images, new Grayscale(1).Apply(images, Parameters(("apply", All(4)))));
        var error = Assert.Throws<ArgumentException>(() => new Grayscale().Output(new(4, 2, 5, 5, CPU)));
        Assert.Contains("not 2", error.Message);
    }
}
