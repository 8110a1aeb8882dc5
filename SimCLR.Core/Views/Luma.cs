using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>The brightness of a pixel, as one channel.</summary>
internal static class Luma
{
    internal const double Red = 0.2989;
    internal const double Green = 0.587;
    internal const double Blue = 0.114;

    /// <summary>
    /// 0.2989 R + 0.587 G + 0.114 B (ITU-R BT.601, rounded as torchvision's tensor functions and TensorFlow's rgb_to_grayscale
    /// do; they sum to 0.9999). Of other numbers of channels: their mean.
    /// </summary>
    /// <param name="images">[N, C, H, W].</param>
    /// <returns>[N, 1, H, W], new.</returns>
    internal static Tensor Of(Tensor images)
    {
        if (images.shape[1] != 3)
            return images.mean([1], keepdim: true);
        using var scope = NewDisposeScope();
        var luma = images.narrow(1, 0, 1).mul(Red);
        luma.add_(images.narrow(1, 1, 1), Green).add_(images.narrow(1, 2, 1), Blue);
        return luma.MoveToOuterDisposeScope();
    }
}
