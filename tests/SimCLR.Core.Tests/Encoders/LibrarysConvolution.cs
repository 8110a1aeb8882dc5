using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Encoders;

/// <summary>libtorch's convolution without bias, to compare with.</summary>
internal static class LibrarysConvolution
{
    /// <summary>Result, gradient of the images and of the weights, all computed in one type, from images [N, C, H, W], weights [O, C, K, K] and the result's
    /// gradient.</summary>
    internal static Tensor[] All(
        Tensor images,
        Tensor weights,
        Func<long[], Tensor> gradient,
        long stride,
        long padding,
        ScalarType type = ScalarType.Float64
    )
    {
        var (x, w) = (images.detach().to(type).requires_grad_(true), weights.detach().to(type).requires_grad_(true));
        var y = nn.functional.conv2d(x, w, null, [stride, stride], [padding, padding]);
        return [y.detach(), .. autograd.grad([y], [x, w], [gradient(y.shape).to(type)])];
    }
}
