using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>
/// The patches of images that a convolution's kernel sees, as the rows of a matrix (im2col; Chellapilla et al. 2006), and what is computed of them. Images are
/// [N, H, W, C] here, dense: channels-last memory as it lies.
/// </summary>
/// <param name="Kernel">Side of the kernel.</param>
/// <param name="Stride">Pixels from one patch to the next.</param>
/// <param name="Padding">Zeros around the image.</param>
internal readonly record struct Patches(long Kernel, long Stride, long Padding)
{
    /// <summary>Patches in memory at once, in bytes; more images are taken in parts.</summary>
    internal long MostBytes { get; init; } = 1L << 27;

    /// <summary>Places of the kernel along a side.</summary>
    internal long Places(long side) => (side + 2 * Padding - Kernel) / Stride + 1;

    /// <summary>
    /// The gradient [O, C, K, K] of a convolution's weights: one product of the result's gradient and the patches. Sums are float32 also of bfloat16 numbers;
    /// float64 of float64.
    /// </summary>
    /// <param name="images">What was convolved, [N, H, W, C].</param>
    /// <param name="gradient">Of the result, [N, OH, OW, O].</param>
    internal Tensor WeightGradient(Tensor images, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var (channels, outputs) = (images.shape[3], gradient.shape[3]);
        var type = images.dtype == ScalarType.Float64 ? images.dtype : ScalarType.Float32;
        var sum = zeros([outputs, Kernel * Kernel * channels], type, CPU);
        var bytes = gradient.shape[1] * gradient.shape[2] * sum.shape[1] * images.element_size();
        var most = Math.Max(1, MostBytes / Math.Max(1, bytes));
        for (var start = 0L; start < images.shape[0]; start += most)
        {
            using var part = NewDisposeScope();
            var count = Math.Min(most, images.shape[0] - start);
            var rows = Rows(images.narrow(0, start, count));
            sum.add_(gradient.narrow(0, start, count).view(-1, outputs).t().mm(rows).to_type(type));
        }
        return sum.view(outputs, Kernel, Kernel, channels).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>[N · OH · OW, K · K · C]; beyond the border are zeros.</summary>
    private Tensor Rows(Tensor images)
    {
        if (Kernel == 1 && Stride == 1 && Padding == 0)
            return images.view(-1, images.shape[3]);
        return nn
            .functional.pad(images, [0, 0, Padding, Padding, Padding, Padding])
            .unfold(1, Kernel, Stride)
            .unfold(2, Kernel, Stride)
            .permute(0, 1, 2, 4, 5, 3)
            .reshape(-1, Kernel * Kernel * images.shape[3]);
    }
}
