using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

/// <summary>The operations themselves: see RandAugmentGoldenTests.</summary>
public class RandAugmentTests
{
    [Fact]
    public void Every_operation_is_equally_likely_at_each_place()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(7);
        var drawn = new RandAugment(3).Draw(new BatchShape(14000, 3, 8, 8, CPU), generator)["operation"];
        Assert.Equal([14000, 3], drawn.shape);
        for (var place = 0; place < 3; place++)
        {
            var counts = drawn.select(1, place).bincount(null, 14).data<long>().ToArray();
            Assert.Equal(14, counts.Length);
            Assert.All(counts, count => Frequency((int)count, 14000, 1 / 14.0));
        }
    }

    [Fact]
    public void Operations_come_one_after_the_other_each_with_its_own_magnitude()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(2);
        var images = RandomImages(64, 3, 17, 16);
        var view = new RandAugment(3, 20);
        var drawn = view.Draw(BatchShape.Of(images), generator);
        var expected = images;
        for (var place = 0L; place < 3; place++)
            expected = view.Apply(
                expected,
                Parameters(
                    ("operation", drawn["operation"].narrow(1, place, 1)),
                    ("magnitude", drawn["magnitude"].narrow(1, place, 1))
                )
            );
        Assert.True(Same(expected, view.Apply(images, drawn)));
    }

    [Fact]
    public void Images_without_contrast_or_of_few_pixels_survive_every_operation()
    {
        using var scope = NewDisposeScope();
        var operation = arange(14).unsqueeze(1);
        var magnitude = new float[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0 };
        var still = Parameters(("operation", operation), ("magnitude", tensor(magnitude).unsqueeze(1)));
        // Magnitudes that do nothing: AutoContrast and Equalize, which have none, find nothing to spread.
        var constant = full([14, 3, 20, 20], 0.4f);
        Close(constant, new RandAugment().Apply(constant, still), 1e-6);
        // A byte, so that Posterize to 8 bits keeps it.
        var pixel = full([14, 1, 1, 1], 102 / 255f);
        Close(pixel, new RandAugment().Apply(pixel, still), 1e-6);
    }

    [Theory]
    [InlineData(0, 9, "count")]
    [InlineData(17, 9, "count")]
    [InlineData(2, -1, "level")]
    [InlineData(2, 31, "level")]
    public void A_count_or_level_out_of_range_is_refused(int count, int level, string name) =>
        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => new RandAugment(count, level)).ParamName);
}
