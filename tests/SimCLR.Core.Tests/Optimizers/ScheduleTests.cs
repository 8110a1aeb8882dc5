using SimCLR.Core.Optimizers;

namespace SimCLR.Core.Tests.Optimizers;

public class ScheduleTests
{
    [Fact]
    public void Warmup_is_not_a_constant_rate()
    {
        // peak * step / warmup, so that step 0 has rate 0 as in the reference code.
        var schedule = new Schedule(4.8, 4, 12);
        Assert.Equal([0, 1.2, 2.4, 3.6, 4.8], Enumerable.Range(0, 5).Select(step => Math.Round(schedule.At(step), 12)));
    }

    [Fact]
    public void The_cosine_runs_over_the_steps_after_the_warmup()
    {
        // Eight steps from peak to 0: (1 + cos(pi k / 8)) / 2 at k = 2, 4, 6 is (1 + √½) / 2, 1/2, (1 - √½) / 2.
        var schedule = new Schedule(2, 4, 12);
        Assert.Equal(2, schedule.At(4), 1e-15);
        Assert.Equal(1 + Math.Sqrt(0.5), schedule.At(6), 1e-15);
        Assert.Equal(1, schedule.At(8), 1e-15);
        Assert.Equal(1 - Math.Sqrt(0.5), schedule.At(10), 1e-15);
        Assert.Equal(0, schedule.At(12));
    }

    [Fact]
    public void The_cosine_has_no_restarts()
    {
        var schedule = new Schedule(1, 3, 50);
        for (var step = 3; step < 200; step++)
            Assert.True(schedule.At(step + 1) < schedule.At(step) || (step >= 50 && schedule.At(step) == 0));
    }

    [Fact]
    public void Schedule_is_stepped_per_step_not_per_epoch()
    {
        // 10 epochs of 100 steps, one of warmup. Within the second epoch alone the rate changes at every step.
        var schedule = new Schedule(1, 100, 1000);
        var rates = Enumerable.Range(100, 100).Select(step => schedule.At(step)).ToArray();
        Assert.Equal(100, rates.Distinct().Count());
        Assert.Equal(0.5, schedule.At(550), 1e-14);
    }

    [Fact]
    public void Resume_does_not_restart_the_schedule()
    {
        var before = new Schedule(1, 10, 100);
        var after = new Schedule(1, 10, 100);
        _ = Enumerable.Range(0, 40).Sum(step => before.At(step));
        Assert.Equal(before.At(40), after.At(40));
    }

    [Fact]
    public void Constant_stays_at_the_peak_after_the_warmup()
    {
        var schedule = new Schedule(2, 4, 12, Decay.Constant);
        Assert.Equal(1, schedule.At(2));
        Assert.Equal([2.0, 2.0, 2.0], new[] { 4, 8, 50 }.Select(step => schedule.At(step)));
    }

    [Fact]
    public void Without_warmup_the_first_step_has_the_peak()
    {
        Assert.Equal(3, new Schedule(3, 0, 10).At(0));
        Assert.Equal(0, new Schedule(3, 10, 10).At(10));
    }

    [Fact]
    public void Rates_are_scaled_to_the_batch_as_the_paper_says()
    {
        Assert.Equal(4.8, LearningRate.Linear(0.3, 4096), 1e-14);
        Assert.Equal(0.3, LearningRate.Linear(0.3, 256), 1e-15);
        Assert.Equal(4.8, LearningRate.SquareRoot(0.075, 4096), 1e-14);
        Assert.Equal(1.2, LearningRate.SquareRoot(0.075, 256), 1e-14);
    }

    [Fact]
    public void Wrong_steps_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Schedule(-1, 0, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Schedule(1, -1, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Schedule(1, 0, 10).At(-1));
        Assert.Contains("20", Assert.Throws<InvalidOperationException>(() => new Schedule(1, 20, 10).At(0)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRate.Linear(0.3, -1));
    }
}
