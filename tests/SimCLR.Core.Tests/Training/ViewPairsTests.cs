using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

public class ViewPairsTests
{
    private static IView View() =>
        new Sequence(
            new RandomResizedCrop(16, areaMin: 0.2),
            new HorizontalFlip(),
            ColorJitter.OfStrength(0.5),
            new Grayscale(),
            new GaussianBlur(),
            new Solarize()
        );

    private static ViewPairs Pairs(IView a, IView b, long step = 3)
    {
        using var generator = new Generator(2, CPU);
        var images = randint(0, 256, [10, 3, 24, 24], ScalarType.Byte, generator: generator);
        return new ViewPairs(images, arange(10, ScalarType.Int64), a, b, new RandomStreams(5), step)
        {
            InOnePass = true,
        };
    }

    [Fact]
    public void Views_made_in_one_pass_are_those_made_one_after_the_other()
    {
        using var asOnGpu = PixelPass.AsOnGpu();
        using var scope = NewDisposeScope();
        var view = View();
        using var together = Pairs(view, view);
        using var apart = Pairs(view, View());
        Assert.True(together.Views(0, 10).eq(apart.Views(0, 10)).all().ToBoolean());
        Assert.True(together.Views(4, 3).eq(apart.Views(4, 3)).all().ToBoolean());
    }

    [Fact]
    public void One_pass_asks_for_fewer_operations_than_two()
    {
        using var asOnGpu = PixelPass.AsOnGpu();
        using var scope = NewDisposeScope();
        var view = View();
        using var together = Pairs(view, view);
        using var apart = Pairs(view, View());
        var (one, two) = (Operations(together), Operations(apart));
        Assert.True(one < 0.7 * two, $"{one} operations in one pass, {two} in two");

        static int Operations(ViewPairs pairs) => OperationRecorder.Of(() => pairs.Views(0, 10)).Count;
    }

    [Fact]
    public void The_parts_of_a_batch_are_the_batch()
    {
        using var scope = NewDisposeScope();
        var view = View();
        using var pairs = Pairs(view, view);
        var whole = pairs.Views(0, 10);
        var parts = new[] { (0L, 4L), (4L, 6L) }.Select(part => pairs.Views(part.Item1, part.Item2).chunk(2)).ToList();
        var joined = cat([parts[0][0], parts[1][0], parts[0][1], parts[1][1]]);
        Assert.True(whole.eq(joined).all().ToBoolean());
    }

    [Fact]
    public void A_fixed_copy_takes_over_the_batch_and_the_parameters_of_another_step()
    {
        using var scope = NewDisposeScope();
        var view = View();
        using var first = Pairs(view, view);
        using var copy = first.Fixed();
        using var next = Pairs(view, view, step: 4);
        Assert.True(copy.Views(0, 10).eq(first.Views(0, 10)).all().ToBoolean());
        copy.Take(next);
        Assert.True(copy.Views(0, 10).eq(next.Views(0, 10)).all().ToBoolean());
        Assert.False(copy.Views(0, 10).eq(first.Views(0, 10)).all().ToBoolean());
    }
}
