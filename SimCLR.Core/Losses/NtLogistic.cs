using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// NT-Logistic (arXiv 2002.05709, Table 2): -log sigmoid(u·v+ / t) - log sigmoid(-u·v- / t) of normalised vectors, the mean
/// over all 2N anchors; the negative term is the mean over the anchor's N - 1 negatives, which are of the other view only (B.10).
/// </summary>
/// <remarks>
/// Semi-hard (Table 4; Schroff et al., arXiv 1503.03832): the negative term keeps only the most similar of the negatives
/// that are less similar than the positive. An anchor without such a negative has no negative term. The choice carries no gradient.
/// </remarks>
public sealed record NtLogistic(double Temperature = 0.5, bool SemiHard = false) : ILoss
{
    /// <summary>Divides the similarities. Finite and above 0; the paper tries 0.1, 0.2, 0.5 and 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double Temperature
    {
        get;
        init => field = Check(value);
    } = Check(Temperature);

    /// <summary>Whether only the semi-hard negative of each anchor counts.</summary>
    public bool SemiHard { get; init; } = SemiHard;

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var triplets = new Triplets(viewA, viewB);
        var negative = SemiHard
            ? Repel(triplets.SemiHard(double.PositiveInfinity)).mean()
            : triplets.MeanOverNegatives(Repel);
        var positive = nn.functional.logsigmoid(triplets.Positive / Temperature).mean();
        return (negative - positive).MoveToOuterDisposeScope();
    }

    // Not softplus: libtorch's is cut off at 20, where float64 still has eight more digits.
    private Tensor Repel(Tensor similarity) => nn.functional.logsigmoid(similarity / -Temperature).neg();

    private static double Check(double value) =>
        Require.Positive(value, nameof(Temperature), "The paper tries 0.1, 0.2, 0.5 and 1.");
}
