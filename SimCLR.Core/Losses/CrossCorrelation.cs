using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Barlow Twins' loss (Zbontar et al. 2021, 2103.03230, equation 1): the cross-correlation of two views' embeddings is to be the identity.
/// Dimensions are normalized over the batch as batch norm does (biased variance, epsilon 1e-5).
/// </summary>
public static class CrossCorrelation
{
    private const double Epsilon = 1e-5;

    /// <summary>The loss Σ (C_ii - 1)² + λ Σ C_ij² over i ≠ j: sums, not means.</summary>
    /// <param name="viewA">[N, D].</param>
    /// <param name="viewB">[N, D].</param>
    /// <param name="lambda">Weight of what is off the diagonal (paper: 0.005).</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor viewA, Tensor viewB, double lambda)
    {
        using var scope = NewDisposeScope();
        var c = Of(viewA, viewB);
        var diagonal = c.diagonal();
        var off = c.square().sum() - diagonal.square().sum();
        return ((diagonal - 1).square().sum() + lambda * off).MoveToOuterDisposeScope();
    }

    /// <summary>The cross-correlation C: C_ij is that of dimension i of the first view with dimension j of the second, -1 to 1.</summary>
    /// <param name="viewA">[N, D].</param>
    /// <param name="viewB">[N, D].</param>
    /// <returns>[D, D].</returns>
    public static Tensor Of(Tensor viewA, Tensor viewB)
    {
        using var scope = NewDisposeScope();
        return (Normalized(viewA).t().mm(Normalized(viewB)) / viewA.shape[0]).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of the diagonal, and the root of the mean square off it: scalars.</summary>
    internal static (Tensor Diagonal, Tensor OffDiagonal) Summary(Tensor viewA, Tensor viewB)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var c = Of(viewA, viewB);
        var (diagonal, d) = (c.diagonal(), c.shape[0]);
        var off = (c.square().sum() - diagonal.square().sum()).clamp_min_(0) / Math.Max(1, d * (d - 1));
        return (diagonal.mean().MoveToOuterDisposeScope(), off.sqrt_().MoveToOuterDisposeScope());
    }

    private static Tensor Normalized(Tensor z)
    {
        var centred = z - z.mean([0], keepdim: true);
        return centred / (centred.square().mean([0], keepdim: true) + Epsilon).sqrt();
    }
}
