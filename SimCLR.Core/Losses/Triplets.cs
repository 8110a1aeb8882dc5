using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Cosine similarities of each of the 2N anchors with its positive and with its N - 1 negatives: the other images in the
/// OTHER view only, as in the paper's comparison of losses (appendix B.10).
/// </summary>
internal sealed class Triplets
{
    /// <summary>Similarity of anchor and positive, [2N, 1].</summary>
    public Tensor Positive { get; }

    private readonly Tensor all;
    private readonly Tensor notNegative;

    public Triplets(Tensor viewA, Tensor viewB)
    {
        var (a, b) = Embeddings.Views(viewA, viewB, normalize: true);
        var cross = a.mm(b.t());
        all = cat([cross, cross.t()], 0);
        Positive = cross.diagonal(0, 0, 1).repeat(2).unsqueeze(1);
        notNegative = eye(cross.shape[0], dtype: ScalarType.Bool, device: cross.device).repeat(2, 1);
    }

    /// <summary>The mean over anchors of the mean over negatives of a term of the similarities [2N, N].</summary>
    public Tensor MeanOverNegatives(Func<Tensor, Tensor> term) =>
        term(all).masked_fill(notNegative, 0).sum() / (all.shape[0] * (all.shape[1] - 1));

    /// <summary>
    /// The semi-hard negative of each anchor, [2N, 1]: the most similar one among those less similar than the positive, by
    /// less than the margin. Minus infinity where there is none.
    /// </summary>
    public Tensor SemiHard(double margin)
    {
        var others = all.detach();
        var positive = Positive.detach();
        var hidden = notNegative.logical_or(others.ge(positive)).logical_or(others.le(positive - margin));
        return all.masked_fill(hidden, double.NegativeInfinity).max(1, keepdim: true).values;
    }
}
