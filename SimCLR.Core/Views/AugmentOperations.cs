using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>The operations that <see cref="RandAugment"/> chooses from, numbered as torchvision lists them.</summary>
internal enum AugmentOperation
{
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Color,
    Contrast,
    Sharpness,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
}

/// <summary>One operation per image, each of its own magnitude (values as torchvision's functions).</summary>
/// <remarks>
/// Every operation is computed for the whole batch and chosen per image: no shape depends on what was drawn. Pixels that come from
/// outside are black. Posterize and Equalize are defined on bytes: pixels are rounded to 255ths for them.
/// </remarks>
internal static class AugmentOperations
{
    /// <summary>Applies them.</summary>
    /// <param name="images">[N, C, H, W], float32 in [0, 1], contiguous.</param>
    /// <param name="operation">[N], int64: an <see cref="AugmentOperation"/>.</param>
    /// <param name="magnitude">[N], float32: slope, pixels, degrees, factor - 1, bits, or threshold in [0, 1].</param>
    internal static Tensor Apply(Tensor images, Tensor operation, Tensor magnitude)
    {
        using var scope = NewDisposeScope();
        var result = images.clone();
        Choose(AugmentOperation.ShearX, AugmentOperation.Rotate, Warp(images, operation, magnitude));
        Choose(AugmentOperation.Brightness, AugmentOperation.Sharpness, Blend(images, operation, 1 + magnitude));
        Choose(AugmentOperation.Posterize, AugmentOperation.Posterize, Posterize(images, magnitude));
        var inverted = where(images.ge(PerSample.Spread(magnitude)), 1 - images, images);
        Choose(AugmentOperation.Solarize, AugmentOperation.Solarize, inverted);
        Choose(AugmentOperation.AutoContrast, AugmentOperation.AutoContrast, AutoContrast(images));
        Choose(AugmentOperation.Equalize, AugmentOperation.Equalize, Equalize(images));
        return result.MoveToOuterDisposeScope();

        void Choose(AugmentOperation first, AugmentOperation last, Tensor changed)
        {
            var chosen = operation.ge((long)first).logical_and(operation.le((long)last));
            result = PerSample.Choose(chosen, changed, result);
        }
    }

    /// <summary>Takes each pixel (x, y) from the nearest to a (x, y) + c, where places are the pixels' middles: shears are about the upper left
    /// corner, as PIL's and the papers', rotations anticlockwise about the middle.</summary>
    private static Tensor Warp(Tensor images, Tensor operation, Tensor magnitude)
    {
        using var scope = NewDisposeScope();
        var (n, c, h, w) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3]);
        Tensor Of(AugmentOperation chosen) => where(operation.eq((long)chosen), magnitude, zeros_like(magnitude));
        var angle = Of(AugmentOperation.Rotate).mul(Math.PI / 180);
        var (cos, sin) = (PerSample.Spread(angle.cos()), PerSample.Spread(angle.sin()));
        var (shearX, shearY) = (
            PerSample.Spread(Of(AugmentOperation.ShearX)),
            PerSample.Spread(Of(AugmentOperation.ShearY))
        );
        var (right, down) = (
            PerSample.Spread(Of(AugmentOperation.TranslateX).trunc()),
            PerSample.Spread(Of(AugmentOperation.TranslateY).trunc())
        );
        var x = arange(w, ScalarType.Float32, images.device).add_(0.5).view(1, 1, 1, w);
        var y = arange(h, ScalarType.Float32, images.device).add_(0.5).view(1, 1, h, 1);
        var (middleX, middleY) = (w / 2.0, h / 2.0);
        var fromX = cos * (x - middleX) - sin * (y - middleY) + middleX + shearX * y - right;
        var fromY = sin * (x - middleX) + cos * (y - middleY) + middleY + shearY * x - down;
        var (column, row) = (fromX.floor().to(ScalarType.Int64), fromY.floor().to(ScalarType.Int64));
        var inside = column.ge(0).logical_and(column.lt(w)).logical_and(row.ge(0)).logical_and(row.lt(h));
        var places = (row.clamp(0, h - 1) * w + column.clamp(0, w - 1)).view(n, 1, h * w).expand(n, c, h * w);
        var moved = images.view(n, c, h * w).gather(2, places).view(n, c, h, w);
        return where(inside, moved, zeros_like(moved)).MoveToOuterDisposeScope();
    }

    /// <summary>clip(f x + (1 - f) y), where y is black, the grey image, its mean, or the smoothed image.</summary>
    private static Tensor Blend(Tensor images, Tensor operation, Tensor factor)
    {
        using var scope = NewDisposeScope();
        Tensor Is(AugmentOperation chosen) => PerSample.Spread(operation.eq((long)chosen));
        var gray = Luma.Of(images);
        var other = zeros_like(images);
        other = where(Is(AugmentOperation.Color), gray, other);
        other = where(Is(AugmentOperation.Contrast), gray.mean([1, 2, 3], true), other);
        other = where(Is(AugmentOperation.Sharpness), Smooth(images), other);
        var f = PerSample.Spread(factor);
        return (f * images + (1 - f) * other).clamp_(0, 1).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of nine pixels, of which the middle one weighs 5; pixels at the border stay.</summary>
    private static Tensor Smooth(Tensor images)
    {
        var (h, w) = (images.shape[2], images.shape[3]);
        if (h < 3 || w < 3)
            return images;
        using var scope = NewDisposeScope();
        var smooth = images.clone();
        var inner = smooth.narrow(2, 1, h - 2).narrow(3, 1, w - 2);
        inner.copy_((nn.functional.avg_pool2d(images, 3, 1) * 9 + inner * 4) / 13);
        return smooth.MoveToOuterDisposeScope();
    }

    /// <summary>Keeps the highest bits of each byte, as many as the magnitude says.</summary>
    private static Tensor Posterize(Tensor images, Tensor bits)
    {
        using var scope = NewDisposeScope();
        var unit = PerSample.Spread((8 - bits).exp2());
        return ((images * 255).round_() / unit).floor_().mul_(unit).div_(255).MoveToOuterDisposeScope();
    }

    /// <summary>Stretches each channel to [0, 1]; one of a single value stays.</summary>
    private static Tensor AutoContrast(Tensor images)
    {
        using var scope = NewDisposeScope();
        var (least, most) = (images.amin([2, 3], true), images.amax([2, 3], true));
        var range = most - least;
        var stretched = ((images - least) / range).clamp(0, 1);
        return where(range.gt(0), stretched, images).MoveToOuterDisposeScope();
    }

    /// <summary>Spreads the bytes of each channel so that all are about as frequent; a channel of too few pixels stays.</summary>
    private static Tensor Equalize(Tensor images)
    {
        using var scope = NewDisposeScope();
        var (n, c, h, w) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3]);
        var bytes = (images * 255).round_().to(ScalarType.Int64).view(n * c, h * w);
        var count = zeros([n * c, 256], ScalarType.Int64, images.device).scatter_add_(1, bytes, ones_like(bytes));
        var below = count.cumsum(1) - count;
        // The greatest byte's pixels are not counted, so that it can become 255.
        var step = below.gather(1, bytes.amax([1], true)).floor_divide(255);
        var table = (below + step.floor_divide(2)).floor_divide(step.clamp_min(1)).clamp_(0, 255);
        var spread = table.gather(1, bytes).to(ScalarType.Float32).div_(255).view(n, c, h, w);
        return where(step.gt(0).view(n, c, 1, 1), spread, images).MoveToOuterDisposeScope();
    }
}
