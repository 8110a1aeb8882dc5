using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Weighted k-nearest-neighbour classification by cosine similarity: each of the k neighbours votes exp(similarity / temperature) for
/// its class (Wu et al. 2018, 1805.01978, section 3.4).
/// </summary>
public static class NearestNeighbours
{
    private const long BatchSize = 500;

    /// <summary>Test accuracy, as a fraction.</summary>
    /// <param name="train">The neighbours.</param>
    /// <param name="test">What is classified.</param>
    /// <param name="k">Neighbours that vote, 1 or more; all there are when there are fewer.</param>
    /// <param name="temperature">Above 0.</param>
    public static double Top1(TrainFeatures train, Features test, int k = 200, double temperature = 0.1)
    {
        if (k < 1)
            throw new ArgumentOutOfRangeException(nameof(k), k, $"k is {k}; use 1 or more (customary: 200).");
        if (!(temperature > 0) || double.IsInfinity(temperature))
            throw new ArgumentOutOfRangeException(
                nameof(temperature),
                temperature,
                $"The k-NN temperature is {temperature}; use a number above 0 (customary: 0.1)."
            );
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var bank = nn.functional.normalize(train.H).t();
        var votes = nn.functional.one_hot(train.Labels, train.Classes).to_type(ScalarType.Float32);
        var correct = 0L;
        for (var start = 0L; start < test.Count; start += BatchSize)
        {
            using var batch = NewDisposeScope();
            var count = Math.Min(BatchSize, test.Count - start);
            var similarity = nn.functional.normalize(test.H.narrow(0, start, count)).mm(bank);
            var (nearest, indices) = similarity.topk((int)Math.Min(k, train.Count), 1);
            // The largest similarity is taken out first: the order of the votes is the same and exp cannot overflow.
            var weights = ((nearest - nearest.narrow(1, 0, 1)) / temperature).exp().unsqueeze(2);
            var scores = (votes.index_select(0, indices.flatten()).view(count, -1, train.Classes) * weights).sum(1);
            correct += scores.argmax(1).eq(test.Labels.narrow(0, start, count)).sum().ToInt64();
        }
        return (double)correct / test.Count;
    }

    /// <summary>The k and temperature with the best validation accuracy; of equal ones the first.</summary>
    /// <param name="fit">The neighbours.</param>
    /// <param name="validation">What is classified to choose.</param>
    /// <param name="candidates">What to choose from, one or more.</param>
    /// <exception cref="ArgumentException">There is no candidate, or one is out of range.</exception>
    public static (int K, double Temperature) Choose(
        TrainFeatures fit,
        ValidationFeatures validation,
        IReadOnlyList<(int K, double Temperature)> candidates
    ) =>
        candidates.Count > 0
            ? candidates.MaxBy(candidate => Top1(fit, validation, candidate.K, candidate.Temperature))
            : throw new ArgumentException("There is no k to choose from; give one or more, for example 10, 20, 200.");
}
