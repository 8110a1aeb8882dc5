using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class GaussianBlurTests
{
    private static ViewParameters Sigma(float sigma, long n = 1) =>
        Parameters(("apply", All(n)), ("sigma", Repeat(sigma, n)));

    [Theory]
    [InlineData(12, 12, 0.1, 1)] // int(0.6), but at least 1
    [InlineData(32, 20, 0.1, 1)]
    [InlineData(40, 30, 0.1, 2)]
    [InlineData(20, 27, 0.6, 6)]
    [InlineData(5, 5, 1.6, 4)] // mirrors all pixels there are
    public void Blur_equals_a_scalar_convolution_in_two_dimensions(int height, int width, double fraction, int radius)
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var images = RandomImages(12, 2, height, width);
        var view = new GaussianBlur(0.7, 0.1, 2, fraction);
        var drawn = view.Draw(BatchShape.Of(images), generator);
        var (p, chosen, sigma) = (Numbers(images), Flags(drawn["apply"]), Doubles(drawn["sigma"]));
        var expected = Fill(p, (n, c, y, x) => chosen[n] ? Blurred(n, c, y, x) : p[n, c, y, x]);
        Close(expected, view.Apply(images, drawn), 2e-6);

        double Blurred(int n, int c, int y, int x)
        {
            var (sum, weights) = (0.0, 0.0);
            for (var dy = -radius; dy <= radius; dy++)
            for (var dx = -radius; dx <= radius; dx++)
            {
                var weight = Math.Exp(-(dy * dy + dx * dx) / (2 * sigma[n] * sigma[n]));
                weights += weight;
                sum += weight * p[n, c, Mirror(y + dy, height), Mirror(x + dx, width)];
            }
            return sum / weights;
        }
    }

    private static int Mirror(int i, int size) =>
        i < 0 ? -i
        : i >= size ? 2 * size - 2 - i
        : i;

    [Fact]
    public void A_point_spreads_as_computed_by_hand()
    {
        using var scope = NewDisposeScope();
        var images = zeros(1, 1, 5, 5);
        images[0, 0, 2, 2] = 1;
        var side = Math.Exp(-0.5); // sigma 1, radius 1: weights (s, 1, s) / (1 + 2 s)
        double[] weights = [0, side / (1 + 2 * side), 1 / (1 + 2 * side), side / (1 + 2 * side), 0];
        var output = new GaussianBlur().Apply(images, Sigma(1));
        Close(Fill(1, 1, 5, 5, (_, _, y, x) => weights[y] * weights[x]), output, 1e-6);
    }

    [Fact]
    public void A_constant_image_stays_constant()
    {
        using var scope = NewDisposeScope();
        var images = full([3, 3, 40, 40], 0.3f);
        Close(images, new GaussianBlur().Apply(images, Sigma(2, 3)), 1e-6);
    }

    [Fact]
    public void A_narrow_kernel_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(3, 3, 40, 40);
        Close(images, new GaussianBlur().Apply(images, Sigma(0.1f, 3)), 1e-6);
    }

    [Fact]
    public void Sigma_is_uniform()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(3);
        var drawn = new GaussianBlur().Draw(new BatchShape(20000, 3, 32, 32, CPU), generator);
        Uniform(Doubles(drawn["sigma"]), 0.1, 2);
    }

    [Fact]
    public void Images_smaller_than_the_mirrored_border_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => new GaussianBlur().Output(new(1, 3, 40, 2, CPU)));
        Assert.Contains("radius 2", error.Message);
        Assert.Contains("40 x 2", error.Message);
    }

    [Fact]
    public void Impossible_ranges_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new GaussianBlur(sigmaMin: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GaussianBlur(sigmaMin: 2, sigmaMax: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GaussianBlur(kernelFraction: -0.1));
    }
}
