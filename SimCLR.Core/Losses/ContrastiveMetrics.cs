using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Measures of embeddings during training. All return scalars on the embeddings' device, without a read-back. They are differentiable;
/// call them under no_grad where only the numbers matter.
/// </summary>
public static class ContrastiveMetrics
{
    /// <summary>
    /// Entropy of the contrastive prediction and its top-1 accuracy (arXiv 2002.05709, Table 5): each view A must find its
    /// view B among all N views B.
    /// </summary>
    /// <remarks>
    /// As google-research/simclr measures them: the N-way logits of A against B only, the entropy in nats (at most ln N). It
    /// adds 1e-8 inside the logarithm, which lowers the entropy by at most N 1e-8; this is exact. Of equal logits the first wins, so
    /// collapsed embeddings score 1 / N. Logits are made in blocks of rows.
    /// </remarks>
    /// <param name="viewA">[N, D], N at least 2.</param>
    /// <param name="viewB">[N, D].</param>
    /// <param name="temperature">Divides the similarities; finite and above 0.</param>
    /// <param name="normalize">Whether similarities are cosines.</param>
    /// <returns>Mean entropy in nats, 0 to ln N, and the fraction of right first choices, 0 to 1.</returns>
    public static (Tensor Entropy, Tensor Top1) Agreement(
        Tensor viewA,
        Tensor viewB,
        double temperature,
        bool normalize = true
    )
    {
        Require.Positive(temperature, nameof(temperature), "Use that of the loss.");
        using var scope = NewDisposeScope();
        var (a, b) = Embeddings.Views(viewA, viewB, normalize);
        var entropies = new List<Tensor>();
        var hits = new List<Tensor>();
        foreach (var (start, count) in Blocks(a.shape[0]))
        {
            var log = nn.functional.log_softmax((a.narrow(0, start, count) / temperature).mm(b.t()), 1);
            entropies.Add((log.exp() * log).sum(1).neg());
            hits.Add(log.argmax(1).eq(arange(start, start + count, int64, a.device)));
        }

        var entropy = cat(entropies, 0).mean().MoveToOuterDisposeScope();
        return (entropy, cat(hits, 0).to(a.dtype).mean().MoveToOuterDisposeScope());
    }

    /// <summary>Alignment (Wang and Isola, arXiv 2005.10242): mean of |a - b|^alpha over the pairs of normalised views; 0 is
    /// perfect.</summary>
    /// <param name="viewA">[N, D].</param>
    /// <param name="viewB">[N, D].</param>
    /// <param name="alpha">Finite and above 0; the authors use 2.</param>
    public static Tensor Alignment(Tensor viewA, Tensor viewB, double alpha = 2)
    {
        Require.Positive(alpha, nameof(alpha), "The authors use 2.");
        using var scope = NewDisposeScope();
        var (a, b) = Embeddings.Views(viewA, viewB, normalize: true);
        return (a - b).pow(2).sum(1).pow(alpha / 2).mean().MoveToOuterDisposeScope();
    }

    /// <summary>Uniformity (Wang and Isola, arXiv 2005.10242): log of the mean of exp(-t |x - y|²) over all pairs of different rows,
    /// normalised. 0 is collapse; with t = 2 an even spread over a sphere of many dimensions is near -4.</summary>
    /// <param name="embeddings">[N, D] of ONE view.</param>
    /// <param name="t">Finite and above 0; the authors use 2.</param>
    public static Tensor Uniformity(Tensor embeddings, double t = 2)
    {
        Require.Positive(t, nameof(t), "The authors use 2.");
        using var scope = NewDisposeScope();
        var z = Embeddings.One(embeddings, normalize: true);
        var n = z.shape[0];
        var sums = new List<Tensor>();
        foreach (var (start, count) in Blocks(n))
        {
            var exponents = 2 * t * (z.narrow(0, start, count).mm(z.t()) - 1);
            var self = arange(n, int64, z.device).eq(arange(start, start + count, int64, z.device).unsqueeze(1));
            sums.Add(exponents.masked_fill(self, double.NegativeInfinity).logsumexp(1, false));
        }

        return (cat(sums, 0).logsumexp(0, false) - Math.Log((double)n * (n - 1))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Standard deviation of the normalised embeddings per dimension, averaged, times √D: near 1 when they spread over the
    /// sphere, near 0 when they collapse to a point.
    /// </summary>
    /// <param name="embeddings">[N, D].</param>
    public static Tensor EmbeddingStd(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        var z = Embeddings.One(embeddings, normalize: true);
        return (std(z, 0).mean() * Math.Sqrt(z.shape[1])).MoveToOuterDisposeScope();
    }

    private static IEnumerable<(long Start, long Count)> Blocks(long n)
    {
        var rows = Math.Clamp(Embeddings.BlockElements / n, 1, n);
        for (var start = 0L; start < n; start += rows)
            yield return (start, Math.Min(rows, n - start));
    }
}
