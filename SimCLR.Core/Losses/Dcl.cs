using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Decoupled contrastive loss (Yeh et al. 2022, 2110.06848, equation 6): NT-Xent without the positive in the denominator, which helps small batches.
/// The mean over all 2N anchors.
/// </summary>
public sealed record Dcl : ILoss
{
    /// <summary>Makes the loss.</summary>
    /// <param name="temperature">Above 0 (theirs: 0.1).</param>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not a finite number above 0.</exception>
    public Dcl(double temperature = 0.1) => Temperature = Require.Temperature(temperature);

    /// <summary>Similarities are divided by it.</summary>
    public double Temperature { get; }

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var logits = Similarities.AllPairs(viewA, viewB, Temperature);
        var negatives = logits.masked_fill(Similarities.NoNegative(logits), double.NegativeInfinity).logsumexp(1);
        return (negatives - Similarities.Positives(logits)).mean().MoveToOuterDisposeScope();
    }
}
