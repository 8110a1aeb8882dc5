using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>Cosine similarities of two views' embeddings, as several losses need them.</summary>
internal static class Similarities
{
    /// <summary>All 2N views against each other, divided by the temperature: [2N, 2N]; view i's positive is i + N modulo 2N.</summary>
    internal static Tensor AllPairs(Tensor viewA, Tensor viewB, double temperature)
    {
        var z = nn.functional.normalize(cat([viewA, viewB]));
        return z.mm(z.t()) / temperature;
    }

    /// <summary>[N, N] of first against second views: positives on the diagonal.</summary>
    internal static Tensor CrossView(Tensor viewA, Tensor viewB) =>
        nn.functional.normalize(viewA).mm(nn.functional.normalize(viewB).t());

    /// <summary>The positives of <see cref="AllPairs"/>: [2N].</summary>
    internal static Tensor Positives(Tensor logits)
    {
        var n = logits.shape[0] / 2;
        var half = logits.diagonal(n);
        return cat([half, half]);
    }

    /// <summary>True for each view and itself and its positive: what is no negative, [2N, 2N].</summary>
    internal static Tensor NoNegative(Tensor logits)
    {
        var n = logits.shape[0] / 2;
        var self = eye(n, dtype: ScalarType.Bool, device: logits.device);
        return cat([cat([self, self], 1), cat([self, self], 1)]);
    }

    /// <summary>The similarity of each anchor's semi-hard negative, [N, 1]: the most similar one that is less similar than the positive,
    /// or, where there is none, the least similar (Schroff et al. 2015, 1503.03832, as TensorFlow's triplet_semihard_loss).</summary>
    internal static Tensor SemiHard(Tensor similarities)
    {
        var self = eye(similarities.shape[0], dtype: ScalarType.Bool, device: similarities.device);
        var positives = similarities.diagonal().unsqueeze(1);
        var farther = similarities.lt(positives).logical_and(self.logical_not());
        var hardest = similarities.masked_fill(farther.logical_not(), double.NegativeInfinity).amax([1], keepdim: true);
        var easiest = similarities.masked_fill(self, double.PositiveInfinity).amin([1], keepdim: true);
        return where(farther.any(1, keepdim: true), hardest, easiest);
    }
}
