using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Supervised contrastive loss (Khosla et al. 2020, 2004.11362, L_out of equation 2): every other view of the anchor's class is a positive. With all
/// labels distinct it is NT-Xent.
/// </summary>
public sealed record SupCon : ILoss
{
    /// <summary>Makes the loss.</summary>
    /// <param name="temperature">Above 0 (theirs: 0.1).</param>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not a finite number above 0.</exception>
    public SupCon(double temperature = 0.1) => Temperature = Require.Temperature(temperature);

    /// <summary>Similarities are divided by it.</summary>
    public double Temperature { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException">There are no labels.</exception>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        using var scope = NewDisposeScope();
        var logits = Similarities.AllPairs(viewA, viewB, Temperature);
        var self = eye(logits.shape[0], dtype: ScalarType.Bool, device: logits.device);
        var all = cat([labels, labels]);
        var same = all.unsqueeze(0).eq(all.unsqueeze(1)).logical_and(self.logical_not());
        var logProbabilities = logits - logits.masked_fill(self, double.NegativeInfinity).logsumexp(1, keepdim: true);
        var sums = logProbabilities.masked_fill(same.logical_not(), 0).sum(1);
        return (sums / same.sum(1).to_type(logits.dtype)).mean().neg().MoveToOuterDisposeScope();
    }
}
