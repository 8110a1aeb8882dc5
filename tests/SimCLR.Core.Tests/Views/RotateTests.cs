using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class RotateTests
{
    private static ViewParameters Turns(params long[] turns) => Parameters(("quarterTurns", tensor(turns)));

    [Fact]
    public void Every_quarter_turn_moves_pixels_anticlockwise()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(4, 2, 5, 5);
        var p = Numbers(images);
        var expected = Fill(
            p,
            (n, c, y, x) =>
                n switch
                {
                    0 => p[n, c, y, x],
                    1 => p[n, c, x, 4 - y],
                    2 => p[n, c, 4 - y, 4 - x],
                    _ => p[n, c, 4 - x, y],
                }
        );
        Close(expected, new Rotate().Apply(images, Turns(0, 1, 2, 3)), 0);
    }

    [Fact]
    public void Four_quarter_turns_are_nothing()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(3, 3, 6, 6);
        var view = new Rotate();
        var turned = images;
        for (var i = 0; i < 4; i++)
            turned = view.Apply(turned, Turns(1, 1, 1));
        Assert.True(Same(images, turned));
    }

    [Fact]
    public void All_four_are_equally_likely()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var turns = Doubles(new Rotate().Draw(new(40000, 3, 8, 8, CPU), generator)["quarterTurns"]);
        for (var k = 0; k < 4; k++)
            Frequency(turns.Count(t => t == k), 40000, 0.25);
        Assert.All(turns, t => Assert.InRange(t, 0, 3));
    }

    [Fact]
    public void An_image_that_is_always_turned_is_so_by_each_of_three_angles_as_often()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var turns = Doubles(new Rotate(always: true).Draw(new(40000, 3, 8, 8, CPU), generator)["quarterTurns"]);
        for (var k = 1; k < 4; k++)
            Frequency(turns.Count(t => t == k), 40000, 1.0 / 3);
        Assert.All(turns, t => Assert.InRange(t, 1, 3));
    }

    [Fact]
    public void Images_that_are_not_square_are_refused() =>
        Assert.Throws<ArgumentException>(() => new Rotate().Output(new(1, 3, 8, 9, CPU)));
}
