using SimCLR.Core.Kernels;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>Batch norm and what follows it in a network of convolutions, in as few passes over memory as the device allows.</summary>
internal static class NormActivation
{
    /// <summary>norm(x), plus the residual, through a ReLU.</summary>
    /// <param name="norm">The norm, whose running statistics move in training.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="residual">What is added, of the shape of x; null: nothing.</param>
    /// <param name="relu">Whether a ReLU follows.</param>
    internal static Tensor Forward(BatchNorm norm, Tensor x, Tensor? residual = null, bool relu = true)
    {
        var alone = norm.Ranks.Size == 1;
        if (alone && FusedBatchNorm.Takes(norm, x, residual))
            return FusedBatchNorm.Apply(norm, x, residual, relu);
        if (alone && BatchNormPass.Takes(norm, x, residual))
            return BatchNormPass.Apply(norm, x, residual, relu);
        var y = norm.forward(x);
        if (residual is not null)
            y = y.add_(residual);
        return relu ? y.relu_() : y;
    }
}
