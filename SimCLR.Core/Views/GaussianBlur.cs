using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Gaussian blur of a random width per image, with probability p (paper, Appendix A).</summary>
/// <remarks>
/// The kernel is cut off at a radius of int(height * kernelFraction / 2) pixels, at least 1, as in the reference code, and its
/// weights sum to 1. Beyond the border the image is mirrored (edge pixel not repeated), as torchvision's gaussian_blur does;
/// the reference code pads with black, which darkens the border and so tells the network where it is.
/// Parameters: apply: [N], bool; sigma: [N], float32, pixels.
/// </remarks>
public sealed class GaussianBlur : IPixelView
{
    /// <summary>A blur of the given distribution.</summary>
    /// <param name="p">Probability, in [0, 1].</param>
    /// <param name="sigmaMin">Least standard deviation, pixels, positive.</param>
    /// <param name="sigmaMax">Greatest standard deviation, pixels, at least sigmaMin.</param>
    /// <param name="kernelFraction">Size of the kernel as a share of the image's height, in (0, 2).</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public GaussianBlur(double p = 0.5, double sigmaMin = 0.1, double sigmaMax = 2.0, double kernelFraction = 0.1)
    {
        P = Require.Probability(p, nameof(p));
        SigmaMin = Require.Positive(sigmaMin, nameof(sigmaMin));
        SigmaMax = Require.AtLeastNumber(sigmaMax, sigmaMin, nameof(sigmaMax));
        KernelFraction = Require.Between(
            Require.Positive(kernelFraction, nameof(kernelFraction)),
            0,
            2,
            nameof(kernelFraction)
        );
    }

    /// <summary>Probability that an image is blurred.</summary>
    public double P { get; }

    /// <summary>Least standard deviation, pixels.</summary>
    public double SigmaMin { get; }

    /// <summary>Greatest standard deviation, pixels.</summary>
    public double SigmaMax { get; }

    /// <summary>Size of the kernel as a share of the image's height.</summary>
    public double KernelFraction { get; }

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input)
    {
        var radius = Radius(input.Height);
        return radius < Math.Min(input.Height, input.Width)
            ? input
            : throw new ArgumentException(
                $"A blur of radius {radius} mirrors more pixels than images of {input.Height} x {input.Width} have. "
                    + "Use larger images or a smaller kernelFraction."
            );
    }

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        return PerSample.Keep(
            scope,
            ("apply", PerSample.Chance(batch, P, generator)),
            ("sigma", PerSample.Uniform(batch, SigmaMin, SigmaMax, generator))
        );
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters) =>
        PixelPass.Serves(images) ? PixelPass.Apply(this, images, parameters) : OnBatch(images, parameters);

    /// <inheritdoc/>
    Action<int, PixelImage> IPixelView.Pixels(BatchShape shape, ViewParameters parameters)
    {
        var apply = new Drawn<bool>(parameters["apply"]);
        var sigma = new Drawn<float>(parameters["sigma"]);
        var radius = (int)Radius(shape.Height);
        return (image, pixels) =>
        {
            if (!apply[image])
                return;
            Span<float> kernel = stackalloc float[2 * radius + 1];
            var sum = 0f;
            for (var tap = 0; tap < kernel.Length; tap++)
            {
                var offset = (tap - radius) / sigma[image];
                sum += kernel[tap] = MathF.Exp(-0.5f * offset * offset);
            }
            foreach (ref var weight in kernel)
                weight /= sum;
            pixels.Rows.Convolve(kernel, pixels.Height);
            pixels.Columns.Convolve(kernel, pixels.Width);
            PixelResampling.Apply(pixels, 0, pixels.Width);
        };
    }

    private Tensor OnBatch(Tensor images, ViewParameters parameters)
    {
        var shape = Output(BatchShape.Of(images));
        using var scope = NewDisposeScope();
        var offsets = arange(-Radius(shape.Height), Radius(shape.Height) + 1, 1, ScalarType.Int64, shape.Device);
        var kernel = offsets.div(parameters["sigma"].unsqueeze(1)).pow_(2).mul_(-0.5).exp_();
        kernel.div_(kernel.sum(1, keepdim: true));
        var rows = Mirrored(kernel, offsets, shape.Height);
        var columns = shape.Width == shape.Height ? rows : Mirrored(kernel, offsets, shape.Width);
        var blurred = Separable.Apply(images, rows, columns).clamp_(0, 1);
        return PerSample.Choose(parameters["apply"], blurred, images).MoveToOuterDisposeScope();
    }

    private long Radius(long height) => Math.Max(1, (long)(height * KernelFraction / 2));

    /// <summary>Convolution with the kernel, [N, offsets], as matrices [N, size, size].</summary>
    private static Tensor Mirrored(Tensor kernel, Tensor offsets, long size)
    {
        var pixels = arange(size, ScalarType.Int64, kernel.device);
        var seen = (offsets.unsqueeze(1) + pixels).abs_();
        seen = (size - 1) - (seen - (size - 1)).abs_();
        var shifts = seen.unsqueeze(2).eq(pixels).to(ScalarType.Float32); // [offsets, to, from]
        return kernel.mm(shifts.view(-1, size * size)).view(-1, size, size);
    }
}
