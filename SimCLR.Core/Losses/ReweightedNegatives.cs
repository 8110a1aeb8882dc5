using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>The estimator that <see cref="Debiased"/> and <see cref="HardNegative"/> share.</summary>
internal static class ReweightedNegatives
{
    /// <summary>The loss; with hardness 0 every negative weighs the same.</summary>
    /// <remarks>
    /// The authors exponentiate as is, which overflows float32 below a temperature of about 0.011. Here each row's largest
    /// similarity is taken off first; it cancels in the quotient.
    /// </remarks>
    public static Tensor Loss(Tensor viewA, Tensor viewB, double temperature, double prior, double hardness)
    {
        using var scope = NewDisposeScope();
        var z = Embeddings.Stack(viewA, viewB, normalize: true);
        var count = z.shape[0] - 2;
        var positive = Embeddings.PositiveSimilarities(z).unsqueeze(1) / temperature;
        var negatives = Embeddings
            .Similarities(z, temperature)
            .masked_fill(Embeddings.SameImageMask(z), double.NegativeInfinity);
        var highest = negatives.detach().amax([1], keepdim: true).maximum(positive.detach());

        var sum = Sum(negatives, highest, count, hardness);
        var corrected = (sum - prior * count * (positive - highest).exp()) / (1 - prior);
        // The least that the sum can be: every negative opposite to the anchor.
        var least = count * (-1 / temperature - highest).exp();
        var denominator = (positive - highest).exp() + corrected.maximum(least);
        return (denominator.log() - (positive - highest)).mean().MoveToOuterDisposeScope();
    }

    /// <summary>Sum of the negatives' exponentials, weighted by exp(hardness · similarity) over the mean of that weight.</summary>
    private static Tensor Sum(Tensor negatives, Tensor highest, long count, double hardness)
    {
        var exponentials = (negatives - highest).exp();
        if (hardness == 0)
            return exponentials.sum(1, keepdim: true);
        var weights = nn.functional.softmax(negatives * hardness, 1);
        return count * (weights * exponentials).sum(1, keepdim: true);
    }
}
