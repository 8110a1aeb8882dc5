using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class RandomResizedCropTests
{
    private static ViewParameters Box(long top, long left, long height, long width) =>
        Parameters(("top", One(top)), ("left", One(left)), ("height", One(height)), ("width", One(width)));

    private static Tensor One(long value) => full([1], value, ScalarType.Int64);

    [Theory]
    [InlineData(Interpolation.Bilinear, true, 12)]
    [InlineData(Interpolation.Bilinear, false, 12)]
    [InlineData(Interpolation.Bicubic, true, 12)]
    [InlineData(Interpolation.Bicubic, false, 12)]
    [InlineData(Interpolation.Bilinear, true, 40)]
    [InlineData(Interpolation.Bicubic, true, 5)]
    [InlineData(Interpolation.Bicubic, false, 40)]
    public void Crops_equal_a_scalar_resampling(Interpolation interpolation, bool antialias, long size)
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(2);
        var view = new RandomResizedCrop(size, 0.05, 1, 0.4, 2.5, interpolation, antialias);
        var images = RandomImages(48, 2, 22, 31);
        var drawn = view.Draw(BatchShape.Of(images), generator);
        var expected = Resampling.Crop(
            Numbers(images),
            Doubles(drawn["top"]),
            Doubles(drawn["left"]),
            Doubles(drawn["height"]),
            Doubles(drawn["width"]),
            (int)size,
            interpolation,
            antialias
        );
        Close(expected, view.Apply(images, drawn));
    }

    [Fact]
    public void A_large_image_is_cropped_as_exactly_as_a_small_one()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(1, 1, 500, 500);
        var view = new RandomResizedCrop(224);
        double[] top = [100],
            left = [3],
            height = [399],
            width = [471];
        var expected = Resampling.Crop(Numbers(images), top, left, height, width, 224, Interpolation.Bilinear, true);
        Close(expected, view.Apply(images, Box(100, 3, 399, 471)), 2e-6);
    }

    [Fact]
    public void Two_pixels_become_four_as_computed_by_hand()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new float[] { 0, 0.4f, 0.8f, 1 }).view(1, 1, 2, 2);
        // Centres lie at 0.25, 0.75, 1.25, 1.75: weights 1 0, 3/4 1/4, 1/4 3/4, 0 1 in each direction.
        double[,] by =
        {
            { 0, 0.1, 0.3, 0.4 },
            { 0.2, 0.2875, 0.4625, 0.55 },
            { 0.6, 0.6625, 0.7875, 0.85 },
            { 0.8, 0.85, 0.95, 1 },
        };
        foreach (var antialias in (bool[])[true, false])
            Close(
                Fill(1, 1, 4, 4, (_, _, y, x) => by[y, x]),
                new RandomResizedCrop(4, antialias: antialias).Apply(images, Box(0, 0, 2, 2)),
                1e-6
            );
    }

    [Fact]
    public void Halving_with_antialias_weighs_1_3_3_1()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new float[] { 1, 0, 0, 0, 1, 0, 0, 0 }).view(1, 1, 1, 8).expand(1, 1, 8, 8);
        // Inside: (1 3 3 1)/8. At the border the weight outside is left out: (3 3 1)/7.
        double[] expected = [3.0 / 7, 1.0 / 8, 3.0 / 8, 0];
        var output = new RandomResizedCrop(4).Apply(images, Box(0, 0, 8, 8));
        Close(Fill(1, 1, 4, 4, (_, _, _, x) => expected[x]), output, 1e-6);
    }

    [Theory]
    [InlineData(Interpolation.Bilinear, true)]
    [InlineData(Interpolation.Bilinear, false)]
    [InlineData(Interpolation.Bicubic, true)]
    [InlineData(Interpolation.Bicubic, false)]
    public void A_crop_of_the_size_of_the_result_copies_pixels(Interpolation interpolation, bool antialias)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(1, 3, 20, 24);
        var view = new RandomResizedCrop(16, interpolation: interpolation, antialias: antialias);
        Close(images.narrow(2, 3, 16).narrow(3, 5, 16), view.Apply(images, Box(3, 5, 16, 16)), 1e-6);
        var square = images.narrow(3, 0, 20).contiguous();
        var whole = new RandomResizedCrop(20, interpolation: interpolation, antialias: antialias);
        Close(square, whole.Apply(square, Box(0, 0, 20, 20)), 1e-6);
    }

    [Fact]
    public void Pixels_outside_the_box_do_not_matter()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(1, 1, 20, 20);
        var other = images.clone();
        other.narrow(2, 0, 4).fill_(1);
        other.narrow(3, 12, 8).fill_(0);
        foreach (var interpolation in Enum.GetValues<Interpolation>())
        {
            var view = new RandomResizedCrop(7, interpolation: interpolation);
            Assert.True(Same(view.Apply(images, Box(4, 2, 9, 10)), view.Apply(other, Box(4, 2, 9, 10))));
        }
    }

    [Fact]
    public void Area_is_uniform_and_ratio_log_uniform_where_every_box_fits()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(3);
        // The longest side is sqrt(0.5 * 4/3) < 1 of the image's.
        var view = new RandomResizedCrop(1, 0.08, 0.5);
        var drawn = view.Draw(new BatchShape(20000, 3, 20000, 20000, CPU), generator);
        var (heights, widths) = (Doubles(drawn["height"]), Doubles(drawn["width"]));
        Uniform([.. heights.Zip(widths, (h, w) => h * w / 4e8)], 0.08, 0.5);
        Uniform([.. heights.Zip(widths, (h, w) => Math.Log(w / h))], Math.Log(0.75), Math.Log(4.0 / 3));
    }

    [Fact]
    public void Boxes_are_placed_uniformly()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(4);
        var view = new RandomResizedCrop(1, 0.25, 0.25, 1, 1);
        const int n = 40000;
        var drawn = view.Draw(new BatchShape(n, 3, 8, 32, CPU), generator); // 64 pixels: 8 x 8
        Assert.All(Doubles(drawn["top"]), top => Assert.Equal(0, top));
        var left = Doubles(drawn["left"]);
        for (var position = 0; position <= 24; position++)
            Frequency(left.Count(x => x == position), n, 1.0 / 25);
    }

    [Fact]
    public void Boxes_are_distributed_as_the_first_that_fits_of_ten_tries()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(5);
        const int n = 40000;
        var view = new RandomResizedCrop(32);
        var drawn = view.Draw(new BatchShape(n, 3, 24, 32, CPU), generator);
        var random = new Random(6);
        var expected = Enumerable.Range(0, n).Select(_ => OneByOne(random, 24, 32)).ToArray();
        SameDistribution(Doubles(drawn["height"]), [.. expected.Select(b => (double)b.Height)]);
        SameDistribution(Doubles(drawn["width"]), [.. expected.Select(b => (double)b.Width)]);
        SameDistribution(
            [.. Doubles(drawn["height"]).Zip(Doubles(drawn["width"]), (h, w) => h * w)],
            [.. expected.Select(b => (double)b.Height * b.Width)]
        );
        SameDistribution(Doubles(drawn["top"]), [.. expected.Select(b => (double)b.Top)]);
        SameDistribution(Doubles(drawn["left"]), [.. expected.Select(b => (double)b.Left)]);
    }

    [Theory]
    [InlineData(100, 400, 0, 133, 100, 133)] // too wide: whole height, ratio 4/3
    [InlineData(400, 100, 133, 0, 133, 100)] // too high: whole width, ratio 3/4
    public void Where_nothing_fits_the_box_is_central(long height, long width, long top, long left, long h, long w)
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(7);
        var drawn = new RandomResizedCrop(8, 1, 1).Draw(new BatchShape(50, 3, height, width, CPU), generator);
        foreach (var (name, value) in new[] { ("top", top), ("left", left), ("height", h), ("width", w) })
            Assert.All(Doubles(drawn[name]), x => Assert.Equal(value, x));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 9)]
    [InlineData(2, 2)]
    public void Boxes_lie_in_tiny_images(long height, long width)
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(8);
        var drawn = new RandomResizedCrop(4).Draw(new BatchShape(2000, 3, height, width, CPU), generator);
        Assert.True(drawn["top"].ge(0).all().item<bool>() && drawn["left"].ge(0).all().item<bool>());
        Assert.True(drawn["height"].ge(1).all().item<bool>() && drawn["width"].ge(1).all().item<bool>());
        Assert.True((drawn["top"] + drawn["height"]).le(height).all().item<bool>());
        Assert.True((drawn["left"] + drawn["width"]).le(width).all().item<bool>());
    }

    [Fact]
    public void Impossible_ranges_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomResizedCrop(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomResizedCrop(8, areaMin: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomResizedCrop(8, areaMin: 0.5, areaMax: 0.4));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomResizedCrop(8, areaMax: 1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomResizedCrop(8, ratioMin: 2, ratioMax: 1));
    }

    /// <summary>The sampling as it is usually written, one try after another.</summary>
    private static (int Top, int Left, int Height, int Width) OneByOne(Random random, int height, int width)
    {
        for (var attempt = 0; attempt < 10; attempt++)
        {
            var area = height * width * (0.08 + 0.92 * random.NextDouble());
            var ratio = Math.Exp(Math.Log(0.75) + random.NextDouble() * (Math.Log(4.0 / 3) - Math.Log(0.75)));
            var w = (int)Math.Round(Math.Sqrt(area * ratio));
            var h = (int)Math.Round(Math.Sqrt(area / ratio));
            if (w > 0 && w <= width && h > 0 && h <= height)
                return (random.Next(height - h + 1), random.Next(width - w + 1), h, w);
        }
        return (0, 0, height, width); // 32 / 24 is within the allowed ratios
    }

    /// <summary>Two-sample Kolmogorov-Smirnov at a level of about 0.0001.</summary>
    private static void SameDistribution(double[] a, double[] b)
    {
        var (sortedA, sortedB) = (a.Order().ToArray(), b.Order().ToArray());
        var distance = sortedA.Concat(sortedB).Distinct().Max(x => Math.Abs(Share(sortedA, x) - Share(sortedB, x)));
        var bound = 2.23 * Math.Sqrt(1.0 / a.Length + 1.0 / b.Length);
        Assert.True(distance < bound, $"Distance {distance}, allowed {bound}.");

        static double Share(double[] sorted, double x) => sorted.Count(value => value <= x) / (double)sorted.Length;
    }
}
