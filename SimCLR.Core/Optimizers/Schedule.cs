namespace SimCLR.Core.Optimizers;

/// <summary>The learning rate of every step: linear warmup from 0, then a decay (SimCLR, section 2.2).</summary>
/// <param name="Peak">Highest learning rate.</param>
/// <param name="WarmupSteps">Steps of the warmup; step 0 has rate 0, as in the reference code.</param>
/// <param name="TotalSteps">Steps of the run: a number of steps, not of epochs.</param>
/// <param name="Decay">What follows the warmup; null: half a cosine.</param>
/// <param name="StepsPerEpoch">Steps of a pass over the images, for decays that count epochs.</param>
public sealed record Schedule(
    double Peak,
    long WarmupSteps,
    long TotalSteps,
    Decay? Decay = null,
    long StepsPerEpoch = 1
)
{
    /// <summary>The rate of a step.</summary>
    /// <param name="step">Counted from 0.</param>
    public double At(long step) =>
        step < WarmupSteps
            ? Peak * step / WarmupSteps
            : Peak
                * (Decay ?? Decay.Cosine).At(step - WarmupSteps, new Stretch(TotalSteps - WarmupSteps, StepsPerEpoch));
}
