using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class CutoutTests
{
    [Theory]
    [InlineData(CutoutFill.Zero)]
    [InlineData(CutoutFill.Mean)]
    public void A_square_is_filled(CutoutFill fill)
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var images = RandomImages(60, 3, 10, 14);
        var view = new Cutout(0.4, 0.7, fill); // 4 pixels
        var drawn = view.Draw(BatchShape.Of(images), generator);
        var (p, chosen) = (Numbers(images), Flags(drawn["apply"]));
        var (top, left) = (Doubles(drawn["top"]), Doubles(drawn["left"]));
        var expected = Fill(
            p,
            (n, c, y, x) =>
                chosen[n] && y >= top[n] && y < top[n] + 4 && x >= left[n] && x < left[n] + 4
                    ? Filling(n, c)
                    : p[n, c, y, x]
        );
        Close(expected, view.Apply(images, drawn), 1e-6);

        double Filling(int n, int c)
        {
            if (fill == CutoutFill.Zero)
                return 0;
            var sum = 0.0;
            for (var y = 0; y < 10; y++)
            for (var x = 0; x < 14; x++)
                sum += p[n, c, y, x];
            return sum / 140;
        }
    }

    [Fact]
    public void The_middle_is_uniform_over_the_pixels()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(2);
        const int n = 40000;
        var drawn = new Cutout(0.5).Draw(new(n, 3, 8, 12, CPU), generator); // 4 pixels
        var (top, left) = (Doubles(drawn["top"]), Doubles(drawn["left"]));
        for (var y = 0; y < 8; y++)
            Frequency(top.Count(t => t + 2 == y), n, 1.0 / 8);
        for (var x = 0; x < 12; x++)
            Frequency(left.Count(l => l + 2 == x), n, 1.0 / 12);
    }

    [Fact]
    public void A_fraction_outside_0_to_1_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Cutout(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Cutout(1.5));
    }
}
