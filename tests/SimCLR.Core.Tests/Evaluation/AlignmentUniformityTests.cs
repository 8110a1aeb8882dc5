using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class AlignmentUniformityTests
{
    private static Tensor Random(string name, long count)
    {
        using var generator = new RandomStreams(0).At(name, 0);
        return randn(count, 3, generator: generator);
    }

    private static double[][] UnitRows(Tensor x) =>
        [
            .. x.data<float>()
                .Chunk((int)x.shape[1])
                .Select(row => row.Select(value => value / Math.Sqrt(row.Sum(v => (double)v * v))).ToArray()),
        ];

    private static double SquaredDistance(double[] a, double[] b) => a.Zip(b, (x, y) => (x - y) * (x - y)).Sum();

    [Theory]
    [InlineData(2)]
    [InlineData(30)]
    [InlineData(1100)] // more than a block of rows
    public void Both_are_those_of_a_loop_over_pairs(int count)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Random("a", count), Random("b", count));
        var (rows, others) = (UnitRows(a), UnitRows(b));
        Assert.Equal(rows.Zip(others, SquaredDistance).Average(), AlignmentUniformity.Alignment(a, b), 1e-9);
        var sum = 0.0;
        for (var i = 0; i < count; i++)
        for (var j = 0; j < i; j++)
            sum += Math.Exp(-2 * SquaredDistance(rows[i], rows[j]));
        Assert.Equal(Math.Log(sum / (count * (count - 1) / 2.0)), AlignmentUniformity.Uniformity(a), 1e-9);
    }

    [Fact]
    public void Their_ends_are_reached_by_equal_and_by_opposite_rows()
    {
        using var scope = NewDisposeScope();
        var (east, west) = (
            tensor(
                new[,]
                {
                    { 2f, 0 },
                    { 5, 0 },
                }
            ),
            tensor(
                new[,]
                {
                    { -1f, 0 },
                    { -3, 0 },
                }
            )
        );
        Assert.Equal(0, AlignmentUniformity.Alignment(east, east), 1e-12);
        Assert.Equal(4, AlignmentUniformity.Alignment(east, west), 1e-12);
        Assert.Equal(0, AlignmentUniformity.Uniformity(east), 1e-12);
        Assert.Equal(
            -8,
            AlignmentUniformity.Uniformity(
                tensor(
                    new[,]
                    {
                        { 1f, 0 },
                        { -1, 0 },
                    }
                )
            ),
            1e-9
        );
        var error = Assert.Throws<ArgumentException>(() => AlignmentUniformity.Uniformity(ones(1, 2)));
        Assert.Contains("give 2 or more", error.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void They_are_of_the_runs_two_views_of_the_test_images(bool ofZ)
    {
        using var scope = NewDisposeScope();
        // The second view mirrors every image.
        using var tiny = new Tiny(viewA: new Identity(), viewB: new HorizontalFlip(1));
        var before = tiny.State();
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var figures = new AlignmentUniformity(ofZ).Measure(tiny.Pretrained);
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.All(figures, figure => Assert.Equal(FigureUnit.Plain, figure.Unit));
        var frozen = tiny.Pretrained.Frozen(ofZ);
        var a = frozen.Extract(tiny.Pretrained.Splits.Test);
        var b = frozen.Extract(tiny.Pretrained.Splits.Test, (images, _) => images.flip(3));
        var uniformity = (AlignmentUniformity.Uniformity(a) + AlignmentUniformity.Uniformity(b)) / 2;
        Assert.Equal(["alignment", "uniformity"], figures.Select(figure => figure.Name));
        Assert.Equal(AlignmentUniformity.Alignment(a, b), figures[0].Value, 1e-6);
        Assert.Equal(uniformity, figures[1].Value, 1e-6);
        Assert.True(figures[0].Value > 0);
        Assert.Equal(before, tiny.State());
    }
}
