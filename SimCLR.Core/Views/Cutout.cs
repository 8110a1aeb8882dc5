using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>What a hole is filled with.</summary>
public enum CutoutFill
{
    /// <summary>Black.</summary>
    Zero,

    /// <summary>The mean of each channel of the image.</summary>
    Mean,
}

/// <summary>Covers a square of each image, with probability p (paper, Figure 4; DeVries and Taylor, arXiv 1708.04552).</summary>
/// <remarks>
/// The side is a share of the shorter side of the image, rounded, at least 1 pixel. Its middle is uniform over the pixels,
/// so a part of it may lie outside, as in the cited work. Parameters: apply: [N], bool; top, left: [N], int64, pixels,
/// may be negative.
/// </remarks>
/// <param name="fraction">Side of the square as a share of the shorter side, in (0, 1].</param>
/// <param name="p">Probability, in [0, 1].</param>
/// <param name="fill">What the square is filled with.</param>
/// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
public sealed class Cutout(double fraction = 0.5, double p = 1, CutoutFill fill = CutoutFill.Zero) : IView
{
    private readonly double _fraction = Require.Between(
        Require.Positive(fraction, nameof(fraction)),
        0,
        1,
        nameof(fraction)
    );
    private readonly double _p = Require.Probability(p, nameof(p));

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input;

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        return PerSample.Keep(
            scope,
            ("apply", PerSample.Chance(batch, _p, generator)),
            ("top", Corner(batch.Height)),
            ("left", Corner(batch.Width))
        );

        Tensor Corner(long length) =>
            PerSample.Below(full([batch.Count], length, ScalarType.Int64, CPU), batch, generator) - Side(batch) / 2;
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        var shape = BatchShape.Of(images);
        using var scope = NewDisposeScope();
        var rows = Covered(parameters["top"], shape.Height).view(-1, 1, shape.Height, 1);
        var columns = Covered(parameters["left"], shape.Width).view(-1, 1, 1, shape.Width);
        var hole = rows.logical_and(columns).logical_and(PerSample.Spread(parameters["apply"]));
        var filling = fill == CutoutFill.Zero ? zeros(1, device: shape.Device) : images.mean([2, 3], keepdim: true);
        return where(hole, filling, images).MoveToOuterDisposeScope();

        Tensor Covered(Tensor start, long length)
        {
            var pixels = arange(length, ScalarType.Int64, shape.Device) - start.unsqueeze(1);
            return pixels.ge(0).logical_and(pixels.lt(Side(shape)));
        }
    }

    private long Side(BatchShape shape) =>
        Math.Max(1, (long)Math.Round(_fraction * Math.Min(shape.Height, shape.Width)));
}
