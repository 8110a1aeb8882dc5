using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// The three terms of VICReg's loss (Bardes et al. 2022, 2105.04906, section 4.1), of embeddings that are not normalized: two views agree
/// (invariance), every dimension varies (variance), no two dimensions vary together (covariance).
/// </summary>
public static class VarianceCovariance
{
    private const double Epsilon = 1e-4;

    /// <summary>Mean squared difference of two views, over images and dimensions: a scalar.</summary>
    /// <param name="viewA">[N, D].</param>
    /// <param name="viewB">[N, D].</param>
    public static Tensor Invariance(Tensor viewA, Tensor viewB)
    {
        using var scope = NewDisposeScope();
        return (viewA - viewB).square().mean().MoveToOuterDisposeScope();
    }

    /// <summary>Mean over dimensions of how far the deviation, √(variance + 1e-4), is below 1: a scalar.</summary>
    /// <param name="z">[N, D], two rows or more; the variance is unbiased.</param>
    public static Tensor Variance(Tensor z)
    {
        using var scope = NewDisposeScope();
        var variance = (z - z.mean([0], keepdim: true)).square().sum([0]) / (z.shape[0] - 1);
        return (1 - (variance + Epsilon).sqrt()).relu().mean().MoveToOuterDisposeScope();
    }

    /// <summary>Sum of the squared covariances of different dimensions, over D: a scalar.</summary>
    /// <param name="z">[N, D], two rows or more; the covariance is unbiased.</param>
    public static Tensor Covariance(Tensor z)
    {
        using var scope = NewDisposeScope();
        var centred = z - z.mean([0], keepdim: true);
        var c = centred.t().mm(centred) / (z.shape[0] - 1);
        return ((c.square().sum() - c.diagonal().square().sum()) / z.shape[1]).MoveToOuterDisposeScope();
    }
}
