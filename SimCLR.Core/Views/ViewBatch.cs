using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Batches in the form that views take.</summary>
public static class ViewBatch
{
    /// <summary>Bytes as numbers in [0, 1].</summary>
    /// <param name="images">[N, C, H, W], uint8.</param>
    /// <returns>[N, C, H, W], float32: byte / 255, on the same device.</returns>
    /// <exception cref="ArgumentException">The images are of another shape or type.</exception>
    public static Tensor FromBytes(Tensor images) =>
        images.dim() == 4 && images.dtype == ScalarType.Byte
            ? images.to(ScalarType.Float32).div_(255)
            : throw new ArgumentException(
                $"Images must be [N, C, H, W] of uint8, not [{string.Join(", ", images.shape)}] of {images.dtype}. "
                    + "Float images in [0, 1] need no conversion."
            );
}
