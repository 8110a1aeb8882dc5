using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Permutation test of the difference between two models (SimCLR, appendix B.8.3): the models' predictions are exchanged, image by image,
/// by the toss of a coin, and the p-value is how often the difference is then as large as the one found, or larger. For top-1 its
/// limit is <see cref="McNemar"/>'s exact test.
/// </summary>
public static class PermutationTest
{
    private const int Chunk = 1000;

    /// <summary>Two-sided p-value, (1 + as large) / (1 + samples), so never 0.</summary>
    /// <param name="a">Whether the first model is right, image by image.</param>
    /// <param name="b">Whether the second is, on the same images in the same order.</param>
    /// <param name="generator">Tosses the coins, on the CPU.</param>
    /// <param name="labels">With labels, the difference of the mean per class; without, that of top-1.</param>
    /// <param name="samples">How many exchanges, 1 or more (the paper: 100,000).</param>
    /// <exception cref="ArgumentException">The lists differ in length, or there are no samples.</exception>
    public static double PValue(
        IReadOnlyList<bool> a,
        IReadOnlyList<bool> b,
        Generator generator,
        IReadOnlyList<long>? labels = null,
        int samples = 100_000
    )
    {
        if (a.Count != b.Count || (labels is not null && labels.Count != a.Count))
            throw new ArgumentException(
                $"One model has {a.Count} answers, the other {b.Count}, and there are {labels?.Count ?? a.Count} labels; give those of the same images, in the same order."
            );
        if (samples < 1)
            throw new ArgumentException($"samples is {samples}; use 1 or more (customary: 100,000).");
        using var scope = NewDisposeScope();
        // Where both are right or both wrong, an exchange changes nothing.
        var counts = labels?.GroupBy(label => label).ToDictionary(group => group.Key, group => group.Count());
        var weights = Enumerable
            .Range(0, a.Count)
            .Where(i => a[i] != b[i])
            .Select(i => (a[i] ? 1.0 : -1.0) / (counts?[labels![i]] ?? 1))
            .ToArray();
        if (weights.Length == 0)
            return 1;
        var differences = tensor(weights, ScalarType.Float64);
        var found = Math.Abs(weights.Sum()) - 1e-9 * weights.Max(Math.Abs);
        var (done, asLarge) = (0, 0L);
        while (done < samples)
        {
            using var chunk = NewDisposeScope();
            var count = Math.Min(Chunk, samples - done);
            var coins = randint(0, 2, [count, weights.Length], generator: generator).to_type(ScalarType.Float64);
            asLarge += coins.mul_(2).sub_(1).mv(differences).abs().ge(found).sum().ToInt64();
            done += count;
        }
        return (1.0 + asLarge) / (1.0 + samples);
    }
}
