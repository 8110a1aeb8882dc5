namespace SimCLR.Core.Methods;

/// <summary>
/// How much of a target is kept in a step, from the first step to the last along half a cosine (BYOL, 2006.07733, section 3.2, where it ends
/// at 1): m = end - (end - start) (1 + cos(π step / total)) / 2.
/// </summary>
/// <param name="Start">Share at the first step, from 0, which copies the online network, to 1, which never moves.</param>
/// <param name="End">Share at the last step, from 0 to 1; the same as the start: constant.</param>
public sealed record MomentumSchedule(double Start, double End)
{
    /// <summary>The kept share at a step.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="totalSteps">Steps of the training.</param>
    public double At(long step, long totalSteps) =>
        End - (End - Start) * (1 + Math.Cos(Math.PI * step / totalSteps)) / 2;

    /// <exception cref="ArgumentOutOfRangeException">A share is no number from 0 to 1.</exception>
    internal MomentumSchedule Checked()
    {
        foreach (var share in new[] { Start, End })
            if (!(share is >= 0 and <= 1))
                throw new ArgumentOutOfRangeException(
                    nameof(Start),
                    share,
                    $"A momentum is {share}; use a number from 0 to 1, for example 0.99."
                );
        return this;
    }
}
