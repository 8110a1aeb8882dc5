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

    /// <summary>Similarities, or votes of single neighbours, in memory at once.</summary>
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
        if (candidates.Count == 0)
            throw new ArgumentException("There is no k to choose from; give one or more, for example 10, 20, 200.");
        var accuracies = Accuracies(fit, validation, candidates, cancellation);
        return candidates[Array.IndexOf(accuracies, accuracies.Max())];
    }

    /// <summary>The accuracy of each candidate.</summary>
    private static double[] Accuracies(
        TrainFeatures bank,
        Features queries,
        IReadOnlyList<(int K, double Temperature)> candidates,
        CancellationToken cancellation
    )
    {
        Check(bank, queries, candidates);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var unit = nn.functional.normalize(bank.H).t();
        var most = (int)Math.Min(candidates.Max(candidate => candidate.K), bank.Count);
        var correct = new long[candidates.Count];
        var batchSize = Math.Clamp(MostNumbers / Math.Max(bank.Count, (long)most * bank.Classes), 1, BatchSize);
        for (var start = 0L; start < queries.Count; start += batchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            using var batch = NewDisposeScope();
            var count = Math.Min(batchSize, queries.Count - start);
            var similarity = nn.functional.normalize(queries.H.narrow(0, start, count)).mm(unit);
            var (nearest, indices) = similarity.topk(most, 1);
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
        return [.. correct.Select(right => (double)right / queries.Count)];
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
