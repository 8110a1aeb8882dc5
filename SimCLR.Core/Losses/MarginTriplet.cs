using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Margin triplet (arXiv 2002.05709, Table 2): max(u·v- - u·v+ + margin, 0) of normalised vectors, the mean over the 2N anchors
/// and their N - 1 negatives, which are of the other view only (B.10).
/// </summary>
/// <remarks>
/// Semi-hard (Table 4; Schroff et al., arXiv 1503.03832): each anchor keeps only the most similar of the negatives that are
/// less similar than the positive, by less than the margin. An anchor without such a negative adds 0; the mean stays over
/// all 2N anchors. The choice carries no gradient.
/// </remarks>
public sealed record MarginTriplet(double Margin = 0.4, bool SemiHard = false) : ILoss
{
    /// <summary>By how much, in cosine, the positive should beat each negative. Finite, 0 or more; the paper tries 0, 0.4, 0.8
    /// and 1.6.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or below 0.</exception>
    public double Margin
    {
        get;
        init => field = Check(value);
    } = Check(Margin);

    /// <summary>Whether only the semi-hard negative of each anchor counts. Needs a margin above 0.</summary>
    public bool SemiHard { get; init; } = SemiHard;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Semi-hard with margin 0: no negative can qualify.</exception>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        if (SemiHard && Margin == 0)
            throw new InvalidOperationException(
                "Margin is 0; semi-hard negatives lie within the margin, so it must be above 0. Use 0.4, or SemiHard = false."
            );
        using var scope = NewDisposeScope();
        var triplets = new Triplets(viewA, viewB);
        var loss = SemiHard
            ? Hinge(triplets.SemiHard(Margin), triplets.Positive).mean()
            : triplets.MeanOverNegatives(negative => Hinge(negative, triplets.Positive));
        return loss.MoveToOuterDisposeScope();
    }

    private Tensor Hinge(Tensor negative, Tensor positive) => nn.functional.relu(negative - positive + Margin);

    private static double Check(double value) =>
        Require.NotNegative(value, nameof(Margin), "The paper tries 0, 0.4, 0.8 and 1.6.");
}
