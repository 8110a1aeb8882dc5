namespace SimCLR.Core.Optimizers;

/// <summary>How a learning rate falls after the warmup.</summary>
public enum Decay
{
    /// <summary>Half a cosine to 0, without restarts.</summary>
    Cosine,

    /// <summary>Not at all.</summary>
    Constant,
}

/// <summary>The learning rate of every step: linear warmup from 0, then a decay (SimCLR, section 2.2).</summary>
/// <param name="Peak">Highest learning rate.</param>
/// <param name="WarmupSteps">Steps of the warmup; step 0 has rate 0, as in the reference code.</param>
/// <param name="TotalSteps">Steps of the run: a number of steps, not of epochs.</param>
/// <param name="Decay">What follows the warmup.</param>
public sealed record Schedule(double Peak, long WarmupSteps, long TotalSteps, Decay Decay = Decay.Cosine)
{
    /// <summary>The rate of a step, counted from 0.</summary>
    public double At(long step)
    {
        if (step < WarmupSteps)
            return Peak * step / WarmupSteps;
        if (Decay == Decay.Constant)
            return Peak;
        var progress = (double)(step - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps);
        return Peak * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, progress)));
    }
}
