using SimCLR.Core.Runtime;

namespace SimCLR.Core.Optimizers;

/// <summary>How the learning rate goes on after the warmup.</summary>
public enum Decay
{
    /// <summary>Half a cosine down to 0 at the last step, without restarts.</summary>
    Cosine,

    /// <summary>Stays at the peak.</summary>
    Constant,
}

/// <summary>
/// The learning rate of every STEP (not epoch), as in google-research/simclr: peak · step / warmup during the warmup, so that step 0
/// has rate 0, then the peak, then <see cref="Decay"/> over the remaining steps.
/// </summary>
/// <remarks>A run resumed at a step asks for that step; there is no hidden position.</remarks>
public sealed record Schedule(double PeakLearningRate, long WarmupSteps, long TotalSteps, Decay Decay = Decay.Cosine)
{
    /// <summary>The highest rate, reached at step <see cref="WarmupSteps"/>; finite, 0 or more.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or below 0.</exception>
    public double PeakLearningRate
    {
        get;
        init => field = CheckPeak(value);
    } = CheckPeak(PeakLearningRate);

    /// <summary>Steps of linear warmup, 0 or more; the paper has 10 epochs of them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 0.</exception>
    public long WarmupSteps
    {
        get;
        init => field = CheckSteps(value, nameof(WarmupSteps));
    } = CheckSteps(WarmupSteps, nameof(WarmupSteps));

    /// <summary>Steps of the whole run, warmup included; the rate is 0 from there on (Cosine).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 0.</exception>
    public long TotalSteps
    {
        get;
        init => field = CheckSteps(value, nameof(TotalSteps));
    } = CheckSteps(TotalSteps, nameof(TotalSteps));

    /// <summary>The rate of a step, counted from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step is below 0.</exception>
    /// <exception cref="InvalidOperationException">The warmup is longer than the run.</exception>
    public double At(long step)
    {
        Require.NotNegative(step, nameof(step), "Count steps from 0.");
        if (WarmupSteps > TotalSteps)
            throw new InvalidOperationException(
                $"WarmupSteps is {WarmupSteps}; it must be at most TotalSteps, {TotalSteps}. Shorten the warmup or train longer."
            );
        if (step < WarmupSteps)
            return PeakLearningRate * step / WarmupSteps;
        if (Decay == Decay.Constant)
            return PeakLearningRate;
        if (step >= TotalSteps)
            return 0;
        var progress = (double)(step - WarmupSteps) / (TotalSteps - WarmupSteps);
        return PeakLearningRate * 0.5 * (1 + Math.Cos(Math.PI * progress));
    }

    private static double CheckPeak(double value) =>
        Require.NotNegative(value, nameof(PeakLearningRate), "See LearningRate.Linear.");

    private static long CheckSteps(long value, string name) =>
        Require.NotNegative(value, name, "Multiply epochs by the steps per epoch.");
}

/// <summary>Learning rates scaled to the batch (arXiv 2002.05709, section 2.2 and B.1).</summary>
public static class LearningRate
{
    /// <summary>rate · batch / 256; the paper's rate is 0.3 (4.8 at batch 4096).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not finite or below 0, or the batch below 0.</exception>
    public static double Linear(double rate, long batch) => Checked(rate) * Checked(batch) / 256;

    /// <summary>rate · √batch; the paper's rate is 0.075, better for small batches and few epochs.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not finite or below 0, or the batch below 0.</exception>
    public static double SquareRoot(double rate, long batch) => Checked(rate) * Math.Sqrt(Checked(batch));

    private static double Checked(double rate) =>
        Require.NotNegative(rate, nameof(rate), "The paper uses 0.3 or 0.075.");

    private static long Checked(long batch) => Require.NotNegative(batch, nameof(batch), "Count images, not views.");
}
