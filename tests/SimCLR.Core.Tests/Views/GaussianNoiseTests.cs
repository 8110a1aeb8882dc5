using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class GaussianNoiseTests
{
    [Fact]
    public void Noise_is_added_and_clipped()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var images = RandomImages(20, 3, 6, 7);
        var view = new GaussianNoise(0.4, 0.6);
        var drawn = view.Draw(BatchShape.Of(images), generator);
        var (p, noise, chosen) = (Numbers(images), Numbers(drawn["noise"]), Flags(drawn["apply"]));
        var expected = Fill(
            p,
            (n, c, y, x) => chosen[n] ? Math.Clamp(p[n, c, y, x] + noise[n, c, y, x], 0, 1) : p[n, c, y, x]
        );
        Close(expected, view.Apply(images, drawn), 1e-6);
    }

    [Fact]
    public void Noise_is_normal_with_the_stated_deviation()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(2);
        var noise = Doubles(new GaussianNoise(0.25).Draw(new(50, 1, 20, 20, CPU), generator)["noise"]);
        ViewTesting.Distributed(noise, x => NormalShareBelow(x / 0.25));
    }

    /// <summary>The normal distribution function by Simpson's rule from 0.</summary>
    private static double NormalShareBelow(double z)
    {
        const int steps = 200;
        var h = z / steps;
        var sum = 0.0;
        for (var i = 0; i <= steps; i++)
            sum +=
                (
                    i is 0 or steps ? 1
                    : i % 2 == 1 ? 4
                    : 2
                ) * Math.Exp(-0.5 * i * h * i * h);
        return 0.5 + sum * h / 3 / Math.Sqrt(2 * Math.PI);
    }
}
