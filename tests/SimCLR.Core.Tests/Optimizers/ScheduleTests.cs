using SimCLR.Core.Optimizers;

namespace SimCLR.Core.Tests.Optimizers;

public class ScheduleTests
{
    [Fact]
    public void Warmup_then_cosine_by_hand()
    {
        var schedule = new Schedule(4.8, WarmupSteps: 4, TotalSteps: 12);
        // 4.8 k / 4; then 2.4 (1 + cos(pi k / 8)): k = 0, 4 and 8 give 4.8, 2.4 and 0; cos(pi / 4) = 0.7071067811865476.
        Assert.Equal(0, schedule.At(0), 12);
        Assert.Equal(1.2, schedule.At(1), 12);
        Assert.Equal(3.6, schedule.At(3), 12);
        Assert.Equal(4.8, schedule.At(4), 12);
        Assert.Equal(4.097056274847714, schedule.At(6), 12);
        Assert.Equal(2.4, schedule.At(8), 12);
        Assert.Equal(0, schedule.At(12), 12);
    }

    [Fact]
    public void Warmup_is_a_ramp_not_a_constant_rate()
    {
        var rates = Enumerable.Range(0, 10).Select(step => (long)step).Select(new Schedule(1, 10, 100).At).ToList();
        Assert.Equal(10, rates.Distinct().Count());
        Assert.Equal(rates.Order(), rates);
    }

    [Fact]
    public void The_rate_falls_with_every_step_not_every_epoch()
    {
        var schedule = new Schedule(1, 0, 1000);
        Assert.All(Enumerable.Range(0, 1000), step => Assert.True(schedule.At(step + 1) < schedule.At(step)));
    }

    [Fact]
    public void There_is_no_restart_beyond_the_end() => Assert.Equal(0, new Schedule(1, 0, 10).At(15), 12);

    [Fact]
    public void A_constant_rate_stays_after_the_warmup()
    {
        var schedule = new Schedule(0.5, 2, 10, Decay.Constant);
        Assert.Equal(0.25, schedule.At(1));
        Assert.All([2, 5, 9], step => Assert.Equal(0.5, schedule.At(step)));
    }
}
