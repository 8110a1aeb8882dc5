using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// The margin triplet loss of SimCLR's Table 2: max(u·v⁻ - u·v⁺ + m, 0) for unit vectors, the mean over anchors and over each anchor's negatives.
/// Anchors are the first views; positives and negatives are second views (appendix B.10: negatives from one view).
/// </summary>
public sealed record MarginTriplet : ILoss
{
    /// <summary>Makes the loss.</summary>
    /// <param name="margin">m, from 0 (the paper tries 0, 0.4, 0.8, 1.6); 2 and more cannot be reached by cosines.</param>
    /// <param name="semiHard">One semi-hard negative per anchor instead of all.</param>
    /// <exception cref="ArgumentOutOfRangeException">The margin is out of range.</exception>
    public MarginTriplet(double margin = 0.4, bool semiHard = false) =>
        (Margin, SemiHard) = (Require.Within("margin", margin, 0, 2, 0.4), semiHard);

    /// <summary>The margin m.</summary>
    public double Margin { get; }

    /// <summary>Whether only the semi-hard negative counts.</summary>
    public bool SemiHard { get; }

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var similarities = Similarities.CrossView(viewA, viewB);
        var n = similarities.shape[0];
        var positives = similarities.diagonal().unsqueeze(1);
        if (SemiHard)
            return (Similarities.SemiHard(similarities) - positives + Margin).relu().mean().MoveToOuterDisposeScope();
        var hinges = (similarities - positives + Margin).relu();
        var self = eye(n, dtype: ScalarType.Bool, device: similarities.device);
        return (hinges.masked_fill(self, 0).sum() / (n * (n - 1))).MoveToOuterDisposeScope();
    }
}
