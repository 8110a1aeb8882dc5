using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Crops a random box of each image and resizes it to a square: the paper's "random crop and resize" (Section 3, Appendix A).</summary>
/// <remarks>
/// The box is drawn as Inception and torchvision's RandomResizedCrop do: ten tries of area U(areaMin, areaMax) times the
/// image's and of log-uniform ratio width / height; the first box that fits is placed uniformly. If none fits, the largest
/// central box whose ratio is allowed. Values are those of torchvision's resized_crop on float tensors, clipped to [0, 1].
/// The reference code resizes bicubically. Parameters: top, left, height, width: [N], int64, pixels.
/// </remarks>
public sealed class RandomResizedCrop : IPixelView
{
    private const int Tries = 10;

    /// <summary>A crop of the given distribution.</summary>
    /// <param name="size">Height and width of the result, pixels.</param>
    /// <param name="areaMin">Least share of the image's area, in (0, 1].</param>
    /// <param name="areaMax">Greatest share, at least areaMin.</param>
    /// <param name="ratioMin">Least width / height, positive.</param>
    /// <param name="ratioMax">Greatest width / height, at least ratioMin.</param>
    /// <param name="interpolation">How the box is resized.</param>
    /// <param name="antialias">Whether shrinking averages over all pixels it covers (as PIL does).</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public RandomResizedCrop(
        long size,
        double areaMin = 0.08,
        double areaMax = 1,
        double ratioMin = 3.0 / 4,
        double ratioMax = 4.0 / 3,
        Interpolation interpolation = Interpolation.Bilinear,
        bool antialias = true
    )
    {
        Size = Require.AtLeast(size, 1, nameof(size));
        AreaMin = Require.Between(Require.Positive(areaMin, nameof(areaMin)), 0, 1, nameof(areaMin));
        AreaMax = Require.Between(areaMax, areaMin, 1, nameof(areaMax));
        RatioMin = Require.Positive(ratioMin, nameof(ratioMin));
        RatioMax = Require.AtLeastNumber(ratioMax, ratioMin, nameof(ratioMax));
        Interpolation = interpolation;
        Antialias = antialias;
    }

    /// <summary>Height and width of the result, pixels.</summary>
    public long Size { get; }

    /// <summary>Least share of the image's area.</summary>
    public double AreaMin { get; }

    /// <summary>Greatest share of the image's area.</summary>
    public double AreaMax { get; }

    /// <summary>Least width / height of the box.</summary>
    public double RatioMin { get; }

    /// <summary>Greatest width / height of the box.</summary>
    public double RatioMax { get; }

    /// <summary>How the box is resized.</summary>
    public Interpolation Interpolation { get; }

    /// <summary>Whether shrinking averages over all pixels it covers.</summary>
    public bool Antialias { get; }

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input with { Height = Size, Width = Size, Sizes = null };

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = Sides(batch);
        var (heights, widths) = Candidates(batch, rows, columns, generator);
        var fits = heights
            .ge(1)
            .logical_and(heights.le(rows))
            .logical_and(widths.ge(1))
            .logical_and(widths.le(columns));
        // The first that fits has the greatest rank; the last column, the central box, always fits.
        var rank = arange(Tries + 1, 0, -1, ScalarType.Float32, CPU);
        var first = fits.mul(rank).argmax(1, keepdim: true);
        var height = heights.gather(1, first).squeeze(1);
        var width = widths.gather(1, first).squeeze(1);

        var central = first.squeeze(1).eq(Tries);
        var (freeRows, freeColumns) = (rows.squeeze(1) - height, columns.squeeze(1) - width);
        var top = where(central, freeRows / 2, PerSample.Below(freeRows + 1, batch, generator));
        var left = where(central, freeColumns / 2, PerSample.Below(freeColumns + 1, batch, generator));
        return PerSample.Keep(
            scope,
            ("top", top.to(ScalarType.Int64)),
            ("left", left.to(ScalarType.Int64)),
            ("height", height),
            ("width", width)
        );
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters) =>
        PixelPass.Serves(images) ? PixelPass.Apply(this, images, parameters) : OnBatch(images, parameters);

    /// <inheritdoc/>
    Action<int, PixelImage> IPixelView.Pixels(BatchShape shape, ViewParameters parameters)
    {
        var (top, left) = (new Drawn<long>(parameters["top"]), new Drawn<long>(parameters["left"]));
        var (height, width) = (new Drawn<long>(parameters["height"]), new Drawn<long>(parameters["width"]));
        return (image, pixels) =>
        {
            pixels.Rows.Resize((int)top[image], (int)height[image], (int)Size, Interpolation, Antialias);
            pixels.Columns.Resize(0, (int)width[image], (int)Size, Interpolation, Antialias);
            PixelResampling.Apply(pixels, (int)left[image], (int)width[image]);
        };
    }

    private Tensor OnBatch(Tensor images, ViewParameters parameters)
    {
        using var scope = NewDisposeScope();
        var shape = BatchShape.Of(images);
        var rows = Weights(parameters["top"], parameters["height"], shape.Height);
        var columns = Weights(parameters["left"], parameters["width"], shape.Width);
        return Separable.Apply(images, rows, columns).clamp_(0, 1).MoveToOuterDisposeScope();
    }

    private Tensor Weights(Tensor start, Tensor length, long source) =>
        ResizeFilter.Weights(start, length, source, Size, Interpolation, Antialias);

    /// <summary>Heights and widths of the images, [N, 1], or [1, 1] where they are of one size, int64.</summary>
    private static (Tensor Rows, Tensor Columns) Sides(BatchShape batch) =>
        batch.Sizes is { } sizes
            ? (sizes.narrow(1, 0, 1), sizes.narrow(1, 1, 1))
            : (full([1, 1], batch.Height, ScalarType.Int64, CPU), full([1, 1], batch.Width, ScalarType.Int64, CPU));

    /// <summary>Heights and widths of the tries, then of the central box, [N, Tries + 1], int64.</summary>
    private (Tensor Heights, Tensor Widths) Candidates(
        BatchShape batch,
        Tensor rows,
        Tensor columns,
        Generator generator
    )
    {
        var pixels = rows.mul(columns).to(ScalarType.Float64);
        var area = PerSample.Uniform(batch, [Tries], generator);
        area.mul_(Times(AreaMax - AreaMin)).add_(Times(AreaMin));
        var ratio = PerSample.Uniform(batch, [Tries], generator);
        ratio.mul_(Math.Log(RatioMax) - Math.Log(RatioMin)).add_(Math.Log(RatioMin)).exp_();
        var (height, width) = Central(rows, columns);
        return (With(area.div(ratio), height), With(area.mul(ratio), width));

        Tensor Times(double share) => pixels.mul(share).to(ScalarType.Float32);

        Tensor With(Tensor squares, Tensor central) =>
            cat([squares.sqrt_().round_().to(ScalarType.Int64), central.expand(batch.Count, 1)], 1);
    }

    /// <summary>Of each image the largest central box whose ratio is allowed, in the shape of the sides.</summary>
    private (Tensor Heights, Tensor Widths) Central(Tensor rows, Tensor columns)
    {
        var (height, width) = (rows.to(ScalarType.Float64), columns.to(ScalarType.Float64));
        var ratio = width / height;
        return (
            where(ratio.lt(RatioMin), Within(width / RatioMin, height), height).to(ScalarType.Int64),
            where(ratio.gt(RatioMax), Within(height * RatioMax, width), width).to(ScalarType.Int64)
        );

        static Tensor Within(Tensor side, Tensor most) => minimum(side.round().clamp_min(1), most);
    }
}
