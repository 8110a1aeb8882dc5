using SimCLR.Core.Methods;

namespace SimCLR.Core.Tests.Methods;

public class MomentumScheduleTests
{
    [Theory]
    [InlineData(0.99, new[] { 0.99, 0.9914644661, 0.995, 0.9985355339, 1 })]
    [InlineData(0.996, new[] { 0.996, 0.9965857864, 0.998, 0.9994142136, 1 })]
    public void It_rises_to_1_along_half_a_cosine(double start, double[] expected)
    {
        var schedule = new MomentumSchedule(start, 1);
        Assert.All(
            expected.Index(),
            quarter => Assert.Equal(quarter.Item, schedule.At(250 * quarter.Index, 1000), 1e-9)
        );
    }

    [Fact]
    public void With_equal_ends_it_is_constant()
    {
        var schedule = new MomentumSchedule(0.999, 0.999);
        Assert.All(new[] { 0, 1, 77, 100 }, step => Assert.Equal(0.999, schedule.At(step, 100), 1e-15));
    }

    [Fact]
    public void It_is_near_its_start_for_long_and_comes_to_its_end_with_the_last_step()
    {
        // Which steps a training gives it: TargetTests.
        Assert.True(new MomentumSchedule(0.9, 1).At(999, 1000) < 1);
        Assert.True(new MomentumSchedule(0.9, 1).At(10, 1000) < 0.901);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void What_is_no_share_is_refused(double share) =>
        Assert.Contains(
            "use a number from 0 to 1",
            Assert.Throws<ArgumentOutOfRangeException>(() => new MomentumSchedule(0.9, share).Checked()).Message
        );
}
