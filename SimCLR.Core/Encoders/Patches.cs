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
    /// <summary>Patches in memory at once, in bytes; more images are taken in parts. Where all is products, patches stay in the processor's cache.</summary>
    internal long MostBytes { get; init; } = ConvolutionRule.AllAreProducts ? 1L << 22 : 1L << 27;

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
        var type = SumsOf(images.dtype);
        var sum = zeros([outputs, Kernel * Kernel * channels], type, CPU);
        var bytes = gradient.shape[1] * gradient.shape[2] * sum.shape[1] * images.element_size();
        foreach (var (start, count) in Parts(images.shape[0], bytes))
        {
            using var part = NewDisposeScope();
            var rows = Rows(images.narrow(0, start, count));
            var factor = gradient.narrow(0, start, count).view(-1, outputs).t();
            _ = factor.dtype == type ? sum.addmm_(factor, rows) : sum.add_(factor.mm(rows).to_type(type));
        }
        return sum.view(outputs, Kernel, Kernel, channels).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>The convolution [N, OH, OW, O] of images [N, H, W, C] with weights [O, C, K, K]: the product of patches and weights.</summary>
    internal Tensor Convolve(Tensor images, Tensor weights)
    {
        using var scope = NewDisposeScope();
        var matrix = weights.permute(2, 3, 1, 0).reshape(-1, weights.shape[0]).contiguous();
        var (high, wide) = (Places(images.shape[1]), Places(images.shape[2]));
        var results = empty([images.shape[0], high, wide, matrix.shape[1]], images.dtype, CPU);
        foreach (var (start, count) in Parts(images.shape[0], high * wide * matrix.shape[0] * images.element_size()))
        {
            using var part = NewDisposeScope();
            var to = results.narrow(0, start, count).view(-1, matrix.shape[1]);
            to.addmm_(Rows(images.narrow(0, start, count)), matrix, beta: 0, alpha: 1);
        }
        return results.MoveToOuterDisposeScope();
    }

    /// <summary>The gradient [N, H, W, C] of a convolution's images of that shape: each place gives its own to all pixels of its patch.</summary>
    /// <param name="gradient">Of the result, [N, OH, OW, O].</param>
    /// <param name="weights">[O, C, K, K].</param>
    /// <param name="shape">[N, H, W, C].</param>
    internal Tensor DataGradient(Tensor gradient, Tensor weights, long[] shape)
    {
        using var scope = NewDisposeScope();
        var (high, wide, channels) = (gradient.shape[1], gradient.shape[2], shape[3]);
        // Dense: a product with a transposed matrix is up to ten times as slow on processors that MKL does not know.
        var matrix = weights.permute(0, 2, 3, 1).reshape(weights.shape[0], -1).contiguous();
        var sum = zeros(
            [shape[0], shape[1] + 2 * Padding, shape[2] + 2 * Padding, channels],
            SumsOf(gradient.dtype),
            CPU
        );
        foreach (var (start, count) in Parts(shape[0], high * wide * matrix.shape[1] * gradient.element_size()))
        {
            using var part = NewDisposeScope();
            var rows = gradient.narrow(0, start, count).reshape(-1, weights.shape[0]).mm(matrix);
            var given = rows.view(count, high, wide, Kernel, Kernel, channels);
            var to = sum.narrow(0, start, count);
            for (var i = 0L; i < Kernel; i++)
            for (var j = 0L; j < Kernel; j++)
                to[TensorIndex.Colon, Reached(i, high), Reached(j, wide)]
                    .add_(given[TensorIndex.Colon, TensorIndex.Colon, TensorIndex.Colon, i, j]);
        }
        return sum.narrow(1, Padding, shape[1])
            .narrow(2, Padding, shape[2])
            .to_type(gradient.dtype)
            .contiguous()
            .MoveToOuterDisposeScope();
    }

    /// <summary>The type in which numbers of a type are added up.</summary>
    private static ScalarType SumsOf(ScalarType type) => type == ScalarType.Float64 ? type : ScalarType.Float32;

    /// <summary>Rows that a row of the kernel meets at so many places.</summary>
    private TensorIndex Reached(long first, long places) =>
        TensorIndex.Slice(first, first + (places - 1) * Stride + 1, Stride);

    /// <summary>So many images in parts whose patches fit, where those of one have so many bytes.</summary>
    private IEnumerable<(long Start, long Count)> Parts(long images, long bytes)
    {
        var most = Math.Max(1, MostBytes / Math.Max(1, bytes));
        for (var start = 0L; start < images; start += most)
            yield return (start, Math.Min(most, images - start));
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
