using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

public class BatchViewsTests
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

    private static BatchViews Pairs(IView a, IView b, long step = 3)
    {
        using var generator = new Generator(2, CPU);
        var images = randint(0, 256, [10, 3, 24, 24], ScalarType.Byte, generator: generator);
        return new BatchViews(new ImageBatch(images, arange(10, ScalarType.Int64)), [a, b], new RandomStreams(5), step)
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

        static int Operations(BatchViews pairs) => OperationRecorder.Of(() => pairs.Views(0, 10)).Count;
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

    private static BatchViews Several(params IView[] views)
    {
        using var generator = new Generator(2, CPU);
        var images = randint(0, 256, [10, 3, 24, 24], ScalarType.Byte, generator: generator);
        return new BatchViews(new ImageBatch(images, arange(10, ScalarType.Int64)), views, new RandomStreams(5), 3)
        {
            InOnePass = true,
        };
    }

    private static IView Local() =>
        new Sequence(new RandomResizedCrop(8, areaMin: 0.05, areaMax: 0.3), new HorizontalFlip());

    [Fact]
    public void Views_of_one_size_stand_together_and_those_before_do_not_move()
    {
        using var asOnGpu = PixelPass.AsOnGpu();
        using var scope = NewDisposeScope();
        var (view, local) = (View(), Local());
        using var pair = Pairs(view, view);
        using var several = Several(view, view, local, local, local, View());
        Assert.Equal(
            [
                [0, 1, 5],
                [2, 3, 4],
            ],
            several.BySize
        );
        Assert.Equal([30, 3, 16, 16], several.Views(0, 10).shape);
        Assert.Equal([12, 3, 8, 8], several.Views(3, 4, 1).shape);
        Assert.True(pair.Views(0, 10).eq(several.Views(0, 10).narrow(0, 0, 20)).all().ToBoolean());
    }

    [Fact]
    public void Equal_further_views_are_drawn_each_by_itself_and_made_together_as_apart()
    {
        using var asOnGpu = PixelPass.AsOnGpu();
        using var scope = NewDisposeScope();
        var (view, local) = (View(), Local());
        using var together = Several(view, view, local, local, local);
        using var apart = Several(view, view, Local(), Local(), Local());
        var made = together.Views(0, 10, 1);
        Assert.True(made.eq(apart.Views(0, 10, 1)).all().ToBoolean());
        var each = made.chunk(3).Select(crop => Convert.ToHexString(crop.contiguous().bytes));
        Assert.Equal(3, each.Distinct().Count());
    }

    [Fact]
    public void A_fixed_copy_takes_over_further_views_too()
    {
        using var scope = NewDisposeScope();
        var (view, local) = (View(), Local());
        using var several = Several(view, view, local);
        using var copy = several.Fixed();
        Assert.True(copy.Views(0, 10, 1).eq(several.Views(0, 10, 1)).all().ToBoolean());
    }
}
