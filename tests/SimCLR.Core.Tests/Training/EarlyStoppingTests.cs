using SimCLR.Core.Training;

namespace SimCLR.Core.Tests.Training;

public class EarlyStoppingTests
{
    /// <summary>A curve with that figure at each point; NaN: the point has another one.</summary>
    private static IEnumerable<TrainingProgress> Curve(params double[] values) =>
        values.Select(
            (value, i) =>
                new TrainingProgress(
                    i + 1,
                    100,
                    i + 1,
                    0.1,
                    1,
                    TimeSpan.Zero,
                    [new Figure("loss", 1), new Figure(double.IsNaN(value) ? "other" : "accuracy", value)]
                )
        );

    [Theory]
    [InlineData(2, 0, new[] { 0.1, 0.2, 0.2 }, false)]
    [InlineData(2, 0, new[] { 0.1, 0.2, 0.2, 0.15 }, true)]
    [InlineData(2, 0, new[] { 0.1, 0.2, 0.15, 0.21, 0.2 }, false)] // the count begins anew
    [InlineData(1, 0, new[] { 0.3 }, false)]
    [InlineData(1, 0, new double[0], false)]
    [InlineData(2, 0.05, new[] { 0.5, 0.53, 0.54 }, true)] // neither is 0.05 above the best
    [InlineData(2, 0.05, new[] { 0.5, 0.53, 0.56 }, false)] // measured from the best, not from the look before
    [InlineData(2, 0.25, new[] { 0.5, 0.5, 0.75 }, false)] // exactly the least
    [InlineData(2, 0, new[] { 0.2, double.NaN, double.NaN, double.NaN, 0.1 }, false)] // points without it count for nothing
    [InlineData(2, 0, new[] { 0.2, double.NaN, 0.2, double.NaN, 0.1 }, true)]
    public void It_ends_after_so_many_looks_without_an_improvement_on_the_best(
        int patience,
        double least,
        double[] values,
        bool ends
    )
    {
        var larger = new EarlyStopping("accuracy", patience, least);
        Assert.Equal(ends, larger.Ends(Curve(values)));
        var smaller = larger with { SmallerIsBetter = true };
        Assert.Equal(ends, smaller.Ends(Curve([.. values.Select(value => -value)])));
    }

    [Theory]
    [InlineData(0, new[] { 0.1, 0.3, 0.2, 0.3 }, 2)] // as good is no better
    [InlineData(0, new[] { 0.1, double.NaN, 0.3, double.NaN }, 3)]
    [InlineData(0.25, new[] { 0.5, 0.625, 0.75, 0.875 }, 3)] // what is less than the least does not count
    public void The_best_look_is_the_last_that_improved(double least, double[] values, long step)
    {
        Assert.Equal(step, new EarlyStopping("accuracy", 9, least).Best(Curve(values)));
        var smaller = new EarlyStopping("accuracy", 9, least, SmallerIsBetter: true);
        Assert.Equal(step, smaller.Best(Curve([.. values.Select(value => -value)])));
        Assert.Null(smaller.Best(Curve(double.NaN)));
    }
}
