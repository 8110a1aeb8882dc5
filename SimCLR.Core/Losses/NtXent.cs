using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// The normalized temperature-scaled cross-entropy (SimCLR, equation 1): each of the 2N views is an anchor, its other view the
/// positive, the 2N - 2 others negatives; the mean over anchors. The reference code sums the two directions' means, twice this.
/// </summary>
public sealed record NtXent : ILoss
{
    /// <summary>Makes the loss.</summary>
    /// <param name="temperature">Above 0; similarities are divided by it.</param>
    /// <param name="normalize">Cosine similarity (true, the paper's) or the plain dot product.</param>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not a finite number above 0.</exception>
    public NtXent(double temperature = 0.5, bool normalize = true)
    {
        (Temperature, Normalize) = (Require.Temperature(temperature), normalize);
    }

    /// <summary>Similarities are divided by it.</summary>
    public double Temperature { get; }

    /// <summary>Whether similarity is the cosine.</summary>
    public bool Normalize { get; }

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var z = cat([viewA, viewB]);
        if (Normalize)
            z = nn.functional.normalize(z);
        var (n, device) = (viewA.shape[0], z.device);
        var self = eye(2 * n, dtype: ScalarType.Bool, device: device);
        var logits = (z.mm(z.t()) / Temperature).masked_fill(self, double.NegativeInfinity);
        var positives = (arange(2 * n, device: device) + n).remainder(2 * n);
        return nn.functional.cross_entropy(logits, positives).MoveToOuterDisposeScope();
    }

    /// <summary>ln(2N - 1): the positive is as likely as each of the 2N - 2 negatives. For dot products that are not normalized there is none.</summary>
    public double? Collapsed(long count) => Normalize ? Math.Log(2 * count - 1) : null;
}
