using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Resizes every image in the same way, for evaluation. No parameters.</summary>
/// <remarks>Values are those of torchvision's resize on float tensors, clipped to [0, 1].</remarks>
/// <param name="height">Height of the result, pixels.</param>
/// <param name="width">Width of the result, pixels.</param>
/// <param name="interpolation">How pixels between pixels are computed.</param>
/// <param name="antialias">Whether shrinking averages over all pixels it covers (as PIL does).</param>
/// <exception cref="ArgumentOutOfRangeException">A size is below 1.</exception>
public sealed class Resize(
    long height,
    long width,
    Interpolation interpolation = Interpolation.Bilinear,
    bool antialias = true
) : IPixelView
{
    private readonly long _height = Require.AtLeast(height, 1, nameof(height));
    private readonly long _width = Require.AtLeast(width, 1, nameof(width));

    /// <summary>Resizes to a square.</summary>
    /// <param name="size">Height and width of the result, pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below 1.</exception>
    public Resize(long size)
        : this(size, size) { }

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input with { Height = _height, Width = _width };

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator) => ViewParameters.None;

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        var shape = BatchShape.Of(images);
        if ((shape.Height, shape.Width) == (_height, _width))
            return images;
        return PixelPass.Serves(images) ? PixelPass.Apply(this, images, parameters) : OnBatch(images, shape);
    }

    /// <inheritdoc/>
    Action<int, PixelImage> IPixelView.Pixels(BatchShape shape, ViewParameters parameters) =>
        (_, pixels) =>
        {
            if ((pixels.Height, pixels.Width) == (_height, _width))
                return;
            pixels.Rows.Resize(0, pixels.Height, (int)_height, interpolation, antialias);
            pixels.Columns.Resize(0, pixels.Width, (int)_width, interpolation, antialias);
            PixelResampling.Apply(pixels, 0, pixels.Width);
        };

    private Tensor OnBatch(Tensor images, BatchShape shape)
    {
        using var scope = NewDisposeScope();
        var rows = Weights(shape.Height, _height, shape);
        var columns = Weights(shape.Width, _width, shape);
        return Separable.Apply(images, rows, columns).clamp_(0, 1).MoveToOuterDisposeScope();
    }

    private Tensor Weights(long source, long target, BatchShape shape) =>
        ResizeFilter
            .Weights(
                zeros([1], ScalarType.Int64, shape.Device),
                full([1], source, ScalarType.Int64, shape.Device),
                source,
                target,
                interpolation,
                antialias
            )
            .expand(shape.Count, -1, -1);
}
