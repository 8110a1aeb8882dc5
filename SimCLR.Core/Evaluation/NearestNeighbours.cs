using SimCLR.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Weighted k-nearest-neighbour classification by cosine similarity: each of the k neighbours votes exp(similarity / temperature) for
/// its class (Wu et al. 2018, 1805.01978, section 3.4).
/// </summary>
public static class NearestNeighbours
{
    /// <summary>Images looked up at once, at most: fewer where the neighbours or the classes are many.</summary>
    private const long BatchSize = 500;

    /// <summary>Numbers of the neighbours that are looked through at once, their similarities, or votes of single neighbours, in memory at once.</summary>
    private const long MostNumbers = 1L << 26;

    /// <summary>Test accuracy, as a fraction.</summary>
    /// <param name="train">The neighbours.</param>
    /// <param name="test">What is classified.</param>
    /// <param name="k">Neighbours that vote, 1 or more; all there are when there are fewer.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="cancellation">Looked at before each batch of up to 500 images.</param>
    /// <exception cref="ArgumentException">k or temperature is out of range, or images show several classes.</exception>
    /// <exception cref="Training.TrainingFailedException">Some features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static double Top1(
        TrainFeatures train,
        Features test,
        int k = 200,
        double temperature = 0.1,
        CancellationToken cancellation = default
    ) => Accuracies(train, test, [(k, temperature)], cancellation)[0];

    /// <summary>The k and temperature with the best validation accuracy; of equal ones the first. All candidates are served by one search.</summary>
    /// <param name="fit">The neighbours.</param>
    /// <param name="validation">What is classified to choose.</param>
    /// <param name="candidates">What to choose from, one or more.</param>
    /// <param name="cancellation">Looked at before each batch of up to 500 images.</param>
    /// <exception cref="ArgumentException">There is no candidate, one is out of range, or images show several classes.</exception>
    /// <exception cref="Training.TrainingFailedException">Some features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static (int K, double Temperature) Choose(
        TrainFeatures fit,
        ValidationFeatures validation,
        IReadOnlyList<(int K, double Temperature)> candidates,
        CancellationToken cancellation = default
    )
    {
        RequireSome(candidates);
        var accuracies = Accuracies(fit, validation, candidates, cancellation);
        return candidates[Array.IndexOf(accuracies, accuracies.Max())];
    }

    /// <summary>The accuracy of each candidate.</summary>
    /// <param name="bank">The neighbours.</param>
    /// <param name="queries">What is classified.</param>
    /// <param name="candidates">k and temperature of each.</param>
    /// <param name="cancellation">Looked at before each batch of up to 500 images.</param>
    /// <param name="mostNumbers">In memory at once.</param>
    internal static double[] Accuracies(
        TrainFeatures bank,
        Features queries,
        IReadOnlyList<(int K, double Temperature)> candidates,
        CancellationToken cancellation,
        long mostNumbers = MostNumbers
    )
    {
        Check(bank, queries, candidates);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var most = (int)Math.Min(candidates.Max(candidate => candidate.K), bank.Count);
        var correct = new long[candidates.Count];
        var rows = Math.Clamp(mostNumbers / bank.H.shape[1], 1, bank.Count);
        // In one block they are normalized once; in several, for every batch.
        var whole = rows == bank.Count ? Unit(bank, 0, rows) : null;
        var batchSize = Math.Clamp(mostNumbers / Math.Max(rows, (long)most * bank.Classes), 1, BatchSize);
        var ranks = queries.Ranks;
        for (var start = ranks.Rank * batchSize; start < queries.Count; start += ranks.Size * batchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            using var batch = NewDisposeScope();
            var count = Math.Min(batchSize, queries.Count - start);
            var (nearest, indices) = Nearest(Unit(queries, start, count), bank, whole, rows, most);
            var classes = bank.Labels.index_select(0, indices.flatten()).view(count, most);
            var labels = queries.Labels.narrow(0, start, count);
            for (var i = 0; i < correct.Length; i++)
            {
                using var candidate = NewDisposeScope();
                var (k, temperature) = candidates[i];
                var voting = Math.Min(k, most);
                var votes = Votes(
                    nearest.narrow(1, 0, voting),
                    classes.narrow(1, 0, voting),
                    bank.Classes,
                    temperature
                );
                correct[i] += votes.argmax(1).eq(labels).sum().ToInt64();
            }
        }
        using var all = tensor(correct, device: CPU);
        ranks.AllReduceSum(all);
        return [.. all.data<long>().Select(right => (double)right / queries.Count)];
    }

    /// <summary>The similarities of the nearest neighbours, [B, most], the largest first, and which they are: block by block of the neighbours, so
    /// that beside them no more than a block is in memory.</summary>
    private static (Tensor Similarities, Tensor Indices) Nearest(
        Tensor queries,
        TrainFeatures bank,
        Tensor? whole,
        long rows,
        int most
    )
    {
        (Tensor Similarities, Tensor Indices)? best = null;
        for (var start = 0L; start < bank.Count; start += rows)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(rows, bank.Count - start);
            var similarity = queries.mm((whole ?? Unit(bank, start, count)).t());
            var (values, indices) = similarity.topk((int)Math.Min(most, count), 1);
            if (start > 0)
                indices = indices + start;
            if (best is { } before)
            {
                (values, var places) = cat([before.Similarities, values], 1)
                    .topk((int)Math.Min(most, before.Similarities.shape[1] + values.shape[1]), 1);
                indices = cat([before.Indices, indices], 1).gather(1, places);
                before.Similarities.Dispose();
                before.Indices.Dispose();
            }
            best = (values.MoveToOuterDisposeScope(), indices.MoveToOuterDisposeScope());
        }
        return best!.Value;
    }

    /// <summary>Some features, each divided by its norm.</summary>
    private static Tensor Unit(Features features, long start, long count)
    {
        using var scope = NewDisposeScope();
        return nn.functional.normalize(features.Block(start, count)).MoveToOuterDisposeScope();
    }

    /// <summary>The votes for every class, [B, classes].</summary>
    /// <param name="nearest">Similarities, [B, k], the largest first.</param>
    /// <param name="classes">The neighbours' classes, [B, k].</param>
    /// <param name="count">Number of classes.</param>
    /// <param name="temperature">Above 0.</param>
    private static Tensor Votes(Tensor nearest, Tensor classes, int count, double temperature)
    {
        // The largest similarity is taken out first: the order of the votes is the same and exp cannot overflow.
        var weights = ((nearest - nearest.narrow(1, 0, 1)) / temperature).exp().unsqueeze(2);
        var isOf = classes.unsqueeze(2).eq(arange(count, device: classes.device));
        return isOf.to_type(ScalarType.Float32).mul_(weights).sum(1);
    }

    private static void RequireSome(IReadOnlyList<(int K, double Temperature)> candidates)
    {
        if (candidates.Count == 0)
            throw new ArgumentException("There is no k to choose from; give one or more, for example 10, 20, 200.");
    }

    private static void Check(
        TrainFeatures bank,
        Features queries,
        IReadOnlyList<(int K, double Temperature)> candidates
    )
    {
        if (bank.Labels.dim() != 1 || queries.Labels.dim() != 1)
            throw new ArgumentException(
                "k-NN votes for one class per image, but these images may show several; use a linear probe by 11-point mAP."
            );
        bank.RequireFinite();
        queries.RequireFinite();
        Check(candidates);
    }

    /// <summary>What can be known before there are features.</summary>
    /// <exception cref="ArgumentException">There is no candidate, or one is out of range.</exception>
    internal static void Check(IReadOnlyList<(int K, double Temperature)> candidates)
    {
        RequireSome(candidates);
        foreach (var (k, temperature) in candidates)
        {
            if (k < 1)
                throw new ArgumentOutOfRangeException(nameof(k), k, $"k is {k}; use 1 or more (customary: 200).");
            if (!(temperature > 0) || double.IsInfinity(temperature))
                throw new ArgumentOutOfRangeException(
                    nameof(temperature),
                    temperature,
                    $"The k-NN temperature is {temperature}; use a number above 0 (customary: 0.1)."
                );
        }
    }
}
