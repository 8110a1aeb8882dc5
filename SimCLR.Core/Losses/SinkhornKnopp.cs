using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Codes that share images out among prototypes evenly (Cuturi 2013, 1306.0895, as SwAV has it, 2006.09882, section 3.1): every prototype
/// takes about as much of a batch as every other, and every image's code sums to 1.
/// </summary>
public static class SinkhornKnopp
{
    /// <summary>The codes of a batch, without a gradient.</summary>
    /// <param name="scores">[N, K]: cosines of images and prototypes.</param>
    /// <param name="epsilon">Smoothness, above 0 (paper: 0.05).</param>
    /// <param name="iterations">1 or more (paper: 3); each normalizes prototypes, then images.</param>
    /// <returns>[N, K]; rows sum to 1.</returns>
    public static Tensor Codes(Tensor scores, double epsilon, int iterations)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var scaled = scores.detach() / epsilon;
        // A common factor does not matter: less the largest, the exponential cannot overflow.
        var q = (scaled - scaled.max()).exp();
        q /= q.sum();
        for (var i = 0; i < iterations; i++)
        {
            q /= q.sum([0], keepdim: true) * scores.shape[1];
            q /= q.sum([1], keepdim: true) * scores.shape[0];
        }
        return (q * scores.shape[0]).MoveToOuterDisposeScope();
    }
}
