using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>What the contrastive task looks like to the model; nothing here has a gradient.</summary>
public static class ContrastiveMetrics
{
    /// <summary>
    /// Entropy of the softmax and accuracy of finding the positive, both over the N logits of a first view against all second views
    /// (as the reference code; the paper's Table 5, "over 4096 examples").
    /// </summary>
    /// <param name="viewA">[N, D].</param>
    /// <param name="viewB">[N, D].</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="normalize">Cosine similarity or the plain dot product.</param>
    /// <returns>Two scalars: the entropy in nats, 0 to ln N, and the accuracy as a fraction.</returns>
    public static (Tensor Entropy, Tensor Top1) Compute(Tensor viewA, Tensor viewB, double temperature, bool normalize)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (normalize)
            (viewA, viewB) = (nn.functional.normalize(viewA), nn.functional.normalize(viewB));
        var entropies = new List<Tensor>();
        var hits = new List<Tensor>();
        foreach (var (start, count) in Blocks(viewA.shape[0]))
        {
            using var block = NewDisposeScope();
            var log = nn.functional.log_softmax((viewA.narrow(0, start, count) / temperature).mm(viewB.t()), 1);
            hits.Add(log.argmax(1).eq(arange(start, start + count, device: log.device)).MoveToOuterDisposeScope());
            entropies.Add((log.exp().mul_(log)).sum(1).neg_().MoveToOuterDisposeScope());
        }
        var entropy = cat(entropies).mean().MoveToOuterDisposeScope();
        return (entropy, cat(hits).to_type(viewA.dtype).mean().MoveToOuterDisposeScope());
    }

    private static IEnumerable<(long Start, long Count)> Blocks(long n)
    {
        var rows = NtXentBlocks.Rows(n);
        for (var start = 0L; start < n; start += rows)
            yield return (start, Math.Min(rows, n - start));
    }

    /// <summary>
    /// How far normalized embeddings spread: the root of their variance over the batch, summed over dimensions. 0 when all are equal (collapsed), 1 at most.
    /// </summary>
    /// <param name="embeddings">[N, D].</param>
    /// <returns>A scalar.</returns>
    public static Tensor Deviation(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var unit = nn.functional.normalize(embeddings);
        // The vectors have length 1: their variance is 1 less the squared length of their mean.
        return (1 - unit.mean([0]).square().sum()).clamp_min_(0).sqrt_().MoveToOuterDisposeScope();
    }
}
