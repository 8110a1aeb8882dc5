namespace SimCLR.Core.Evaluation;

/// <summary>
/// McNemar's exact test of whether two models are equally accurate: of the images that only one of them gets right, each is as likely to be
/// either's (McNemar 1947; SimCLR, appendix B.8.3, uses its limit, a permutation test over predictions).
/// </summary>
public static class McNemar
{
    /// <summary>Two-sided p-value: how likely a difference of this size or more is between equally accurate models.</summary>
    /// <param name="a">Whether the first model is right, image by image.</param>
    /// <param name="b">Whether the second is, on the same images in the same order.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static double PValue(IReadOnlyList<bool> a, IReadOnlyList<bool> b)
    {
        if (a.Count != b.Count)
            throw new ArgumentException(
                $"One model has {a.Count} answers, the other {b.Count}; give those of the same images, in the same order."
            );
        var onlyA = Enumerable.Range(0, a.Count).Count(i => a[i] && !b[i]);
        var onlyB = Enumerable.Range(0, a.Count).Count(i => b[i] && !a[i]);
        return Math.Min(1, 2 * LowerTail(Math.Min(onlyA, onlyB), onlyA + onlyB));
    }

    /// <summary>P(X ≤ k) for X binomial of n trials with probability 1/2.</summary>
    private static double LowerTail(int k, int n)
    {
        // Logarithm of (n choose i) / 2^n, term by term: n may be too large for the number itself.
        var (sum, log) = (0.0, -n * Math.Log(2));
        for (var i = 0; i <= k; i++)
        {
            sum += Math.Exp(log);
            log += Math.Log((double)(n - i) / (i + 1));
        }
        return sum;
    }
}
