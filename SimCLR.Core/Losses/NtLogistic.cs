using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// The logistic loss of SimCLR's Table 2: -log σ(u·v⁺/τ) - log σ(-u·v⁻/τ) for unit vectors, the mean over anchors and over each anchor's negatives.
/// Anchors are the first views; positives and negatives are second views (appendix B.10: negatives from one view).
/// </summary>
public sealed record NtLogistic : ILoss
{
    /// <summary>Makes the loss.</summary>
    /// <param name="temperature">τ, above 0 (the paper tries 0.1 to 1).</param>
    /// <param name="semiHard">One semi-hard negative per anchor instead of all.</param>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not a finite number above 0.</exception>
    public NtLogistic(double temperature = 0.5, bool semiHard = false) =>
        (Temperature, SemiHard) = (Require.Temperature(temperature), semiHard);

    /// <summary>The temperature τ.</summary>
    public double Temperature { get; }

    /// <summary>Whether only the semi-hard negative counts.</summary>
    public bool SemiHard { get; }

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var similarities = Similarities.CrossView(viewA, viewB);
        var n = similarities.shape[0];
        var positive = nn.functional.softplus(similarities.diagonal().neg() / Temperature, 1, 50).mean();
        var negative = SemiHard
            ? nn.functional.softplus(Similarities.SemiHard(similarities) / Temperature, 1, 50).mean()
            : nn.functional.softplus(similarities / Temperature, 1, 50)
                .masked_fill(eye(n, dtype: ScalarType.Bool, device: similarities.device), 0)
                .sum() / (n * (n - 1));
        return (positive + negative).MoveToOuterDisposeScope();
    }
}
