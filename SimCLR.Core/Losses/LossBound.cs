namespace SimCLR.Core.Losses;

/// <summary>Values that a loss should have, to compare a run with.</summary>
public static class LossBound
{
    /// <summary>NT-Xent when all similarities are equal, ln(2N - 1), in nats: what an untrained or a collapsed encoder gives.</summary>
    /// <param name="pairs">N, the images of a batch; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public static double AtChance(long pairs) =>
        pairs >= 1
            ? Math.Log(2 * pairs - 1)
            : throw new ArgumentOutOfRangeException(
                nameof(pairs),
                $"pairs is {pairs}; it must be 1 or more. Pass the batch size."
            );
}
