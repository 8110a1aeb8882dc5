using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Batches in the form that views take.</summary>
public static class ViewBatch
{
    /// <summary>Images as they are kept (<see cref="Images.ImageSet"/>) as numbers in [0, 1].</summary>
    /// <param name="images">[N, C, H, W], uint8, or int16 with the bits of unsigned numbers.</param>
    /// <returns>[N, C, H, W], float32: byte / 255, or number / 65535, on the same device.</returns>
    /// <exception cref="ArgumentException">The images are of another shape or type.</exception>
    public static Tensor FromBytes(Tensor images) =>
        images.dim() == 4 && images.dtype == ScalarType.Byte ? images.to(ScalarType.Float32).div_(255)
        : images.dim() == 4 && images.dtype == ScalarType.Int16 ? FromShorts(images)
        : throw new ArgumentException(
            $"Images must be [N, C, H, W] of uint8 or int16, not [{string.Join(", ", images.shape)}] of {images.dtype}. "
                + "Float images in [0, 1] need no conversion."
        );

    /// <summary>The view of images as they are kept.</summary>
    /// <param name="view">The view.</param>
    /// <param name="images">As <see cref="FromBytes"/> takes them.</param>
    /// <param name="parameters">Those drawn for the images, on their device.</param>
    internal static Tensor Apply(IView view, Tensor images, ViewParameters parameters) =>
        images.dtype == ScalarType.Float32 || !PixelPass.Serves(images) || !PixelPass.ReadsKept(view)
            ? view.Apply(FromBytes(images), parameters)
        // Not its own Apply, which may return its input.
        : view is IPixelView pixels ? PixelPass.Apply(pixels, images, parameters)
        : view.Apply(images, parameters);

    /// <summary>Negative ones have their highest bit set: 65,536 is missing.</summary>
    private static Tensor FromShorts(Tensor images)
    {
        using var scope = NewDisposeScope();
        return images
            .to(ScalarType.Float32)
            .add_(images.lt(0).to(ScalarType.Float32), 65536)
            .div_(65535)
            .MoveToOuterDisposeScope();
    }
}
