using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class SobelTests
{
    private static readonly int[,] Kernel =
    {
        { -1, 0, 1 },
        { -2, 0, 2 },
        { -1, 0, 1 },
    };

    [Fact]
    public void The_magnitude_equals_a_scalar_convolution()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var images = RandomImages(20, 2, 6, 9);
        var view = new Sobel(0.6);
        var drawn = view.Draw(BatchShape.Of(images), generator);
        var (p, chosen) = (Numbers(images), Flags(drawn["apply"]));
        var expected = Fill(
            p,
            (n, c, y, x) =>
            {
                var (gx, gy) = (0.0, 0.0);
                for (var dy = -1; dy <= 1; dy++)
                for (var dx = -1; dx <= 1; dx++)
                {
                    var pixel = p[n, c, Math.Clamp(y + dy, 0, 5), Math.Clamp(x + dx, 0, 8)];
                    gx += Kernel[dy + 1, dx + 1] * pixel;
                    gy += Kernel[dx + 1, dy + 1] * pixel;
                }
                return chosen[n] ? Math.Sqrt((gx * gx + gy * gy) / 20) : p[n, c, y, x];
            }
        );
        Close(expected, view.Apply(images, drawn), 1e-5);
    }

    [Fact]
    public void The_greatest_magnitude_of_any_black_and_white_patch_is_1()
    {
        using var scope = NewDisposeScope();
        // The squared magnitude is convex, so its greatest value over [0, 1]^9 is at a corner: all 512 are tried.
        var patches = tensor([
            .. Enumerable.Range(0, 512).SelectMany(bits => Enumerable.Range(0, 9).Select(i => (float)(bits >> i & 1))),
        ]);
        var magnitudes = new Sobel().Apply(patches.view(512, 1, 3, 3), Parameters(("apply", All(512))));
        Assert.Equal(1, magnitudes[.., 0, 1, 1].max().item<float>(), 1e-6);
    }

    [Fact]
    public void A_constant_image_has_no_gradient()
    {
        using var scope = NewDisposeScope();
        var output = new Sobel().Apply(full([2, 3, 5, 5], 0.7f), Parameters(("apply", All(2))));
        Assert.Equal(0, output.max().item<float>(), 1e-6);
    }
}
