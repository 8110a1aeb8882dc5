using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Cuts out the middle of every image, for evaluation. No parameters.</summary>
/// <remarks>The box is torchvision's: its corner is half of the free space, a half rounded to even.</remarks>
/// <param name="height">Height of the result, pixels.</param>
/// <param name="width">Width of the result, pixels.</param>
/// <exception cref="ArgumentOutOfRangeException">A size is below 1.</exception>
public sealed class CenterCrop(long height, long width) : IView
{
    private readonly long _height = Require.AtLeast(height, 1, nameof(height));
    private readonly long _width = Require.AtLeast(width, 1, nameof(width));

    /// <summary>Cuts out a square.</summary>
    /// <param name="size">Height and width of the result, pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below 1.</exception>
    public CenterCrop(long size)
        : this(size, size) { }

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) =>
        input.Height >= _height && input.Width >= _width
            ? input with
            {
                Height = _height,
                Width = _width,
            }
            : throw new ArgumentException(
                $"A central crop of {_height} x {_width} does not fit into images of {input.Height} x {input.Width}. "
                    + "Put a Resize before it."
            );

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator) => ViewParameters.None;

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        var shape = BatchShape.Of(images);
        Output(shape);
        using var scope = NewDisposeScope();
        return images
            .narrow(2, Corner(shape.Height, _height), _height)
            .narrow(3, Corner(shape.Width, _width), _width)
            .contiguous()
            .MoveToOuterDisposeScope();
    }

    private static long Corner(long whole, long part) => (long)Math.Round((whole - part) / 2.0);
}
