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

    /// <summary>The factors at the steps of a stretch, four steps for each epoch.</summary>
    private static double[] Factors(Decay decay, int steps) =>
        [.. Enumerable.Range(0, steps).Select(step => decay.At(step, new Stretch(steps, 4)))];

    private static void Near(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 12));
    }

    [Fact]
    public void The_default_is_half_a_cosine_to_the_last_bit()
    {
        var schedule = new Schedule(0.3, 7, 1000);
        for (var step = 7L; step < 1000; step++)
            Assert.Equal(0.3 * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, (step - 7) / 993.0))), schedule.At(step));
    }

    [Fact]
    public void Straight_power_and_cosine_go_from_one_factor_to_another()
    {
        Near([1, 0.8, 0.6, 0.4], Factors(new PowerDecay(1, 0.2, 1), 4));
        Near([1, 0.5625, 0.25, 0.0625], Factors(new PowerDecay(1, 0, 2), 4));
        Near([0.1, 0.55], Factors(new CosineDecay(0.1, 1), 2));
    }

    [Fact]
    public void Milestones_count_epochs_shares_or_steps()
    {
        StepDecay At(params (double Amount, LengthUnit Unit, double Factor)[] places) =>
            new([.. places.Select(place => (new ScheduleLength(place.Amount, place.Unit), place.Factor))]);
        double[] expected = [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01];
        Near(expected, Factors(At((1, LengthUnit.Epochs, 0.1), (1.5, LengthUnit.Epochs, 0.01)), 8));
        Near(expected, Factors(At((0.5, LengthUnit.Share, 0.1), (0.75, LengthUnit.Share, 0.01)), 8));
        Near(expected, Factors(At((4, LengthUnit.Steps, 0.1), (6, LengthUnit.Steps, 0.01)), 8));
    }

    [Fact]
    public void Warmup_stable_and_decay_follow_each_other()
    {
        var decay = new ThenDecay(
            new PowerDecay(0, 1, 1),
            new(2, LengthUnit.Steps),
            new ThenDecay(Decay.Constant, new(0.5, LengthUnit.Share), new PowerDecay(1, 0, 1))
        );
        Near([0, 0.5, 1, 1, 1, 1, 2 / 3.0, 1 / 3.0], Factors(decay, 8));
    }

    [Fact]
    public void Restarts_begin_anew_and_end_with_the_last()
    {
        var decay = new RepeatDecay(new PowerDecay(1, 0, 1), 3);
        Near([1, 0.5, 1, 0.5, 1, 0.5], Factors(decay, 6));
        Assert.Equal(0, decay.At(9, new Stretch(6, 4)), 12);
    }
}
