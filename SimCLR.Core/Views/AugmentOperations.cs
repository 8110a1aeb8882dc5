using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>The operations that <see cref="RandAugment"/> and <see cref="AutoAugment"/> choose from: the former's, numbered as torchvision lists them,
/// then what only the latter has.</summary>
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
    Invert,
}

/// <summary>One operation per image, each of its own magnitude (values as torchvision's functions).</summary>
/// <remarks>
/// Every operation is computed for the whole batch and chosen per image: no shape depends on what was drawn. Pixels that come from
/// outside are black.
/// </remarks>
/// <param name="bytes">Images are whole numbers from 0 to 255, and stay so, rounded as torchvision's functions of uint8 do: blends, grayscale and
/// AutoContrast downwards, smoothing to the nearest. Else they lie in [0, 1]; only Posterize and Equalize, which are defined on bytes, round them to 255ths.</param>
internal sealed class AugmentOperations(bool bytes)
{
    private readonly int top = bytes ? 255 : 1;

    /// <summary>Applies them.</summary>
    /// <param name="images">[N, C, H, W], float32, contiguous.</param>
    /// <param name="operation">[N], int64: an <see cref="AugmentOperation"/>.</param>
    /// <param name="magnitude">[N], float32: slope, pixels, degrees, factor - 1, bits, or threshold in the images' range.</param>
    internal Tensor Apply(Tensor images, Tensor operation, Tensor magnitude)
    {
        using var scope = NewDisposeScope();
        var result = images.clone();
        Choose(AugmentOperation.ShearX, AugmentOperation.Rotate, Warp(images, operation, magnitude));
        Choose(AugmentOperation.Brightness, AugmentOperation.Sharpness, Blend(images, operation, magnitude));
        Choose(AugmentOperation.Posterize, AugmentOperation.Posterize, Posterize(images, magnitude));
        var inverted = top - images;
        var solarized = where(images.ge(PerSample.Spread(magnitude)), inverted, images);
        Choose(AugmentOperation.Solarize, AugmentOperation.Solarize, solarized);
        Choose(AugmentOperation.AutoContrast, AugmentOperation.AutoContrast, AutoContrast(images));
        Choose(AugmentOperation.Equalize, AugmentOperation.Equalize, Equalize(images));
        Choose(AugmentOperation.Invert, AugmentOperation.Invert, inverted);
        return result.MoveToOuterDisposeScope();

        void Choose(AugmentOperation first, AugmentOperation last, Tensor changed)
        {
            var chosen = operation.ge((long)first).logical_and(operation.le((long)last));
            result = PerSample.Choose(chosen, changed, result);
        }
    }

    /// <summary>Takes each pixel from the nearest to where a shear, shift or rotation puts it: shears are about the upper left corner, as PIL's and the
    /// papers', rotations anticlockwise about the middle. Places go from -1 to 1, as torchvision's, so that of two pixels at the same distance the same is taken.</summary>
    private static Tensor Warp(Tensor images, Tensor operation, Tensor magnitude)
    {
        using var scope = NewDisposeScope();
        var (n, c, h, w) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3]);
        Tensor Of(AugmentOperation chosen) =>
            PerSample.Spread(where(operation.eq((long)chosen), magnitude, zeros_like(magnitude)));
        var angle = Of(AugmentOperation.Rotate).mul(Math.PI / 180);
        var (cos, sin) = (angle.cos(), angle.sin());
        var (shearX, shearY) = (Of(AugmentOperation.ShearX), Of(AugmentOperation.ShearY));
        var (right, down) = (Of(AugmentOperation.TranslateX).trunc(), Of(AugmentOperation.TranslateY).trunc());
        var (middleX, middleY) = (w / 2.0, h / 2.0);
        var x = arange(w, ScalarType.Float32, images.device).add_(0.5 - middleX).view(1, 1, 1, w);
        var y = arange(h, ScalarType.Float32, images.device).add_(0.5 - middleY).view(1, 1, h, 1);
        var column = Place(cos, shearX - sin, shearX * middleY - right, w);
        var row = Place(sin + shearY, cos, shearY * middleX - down, h);
        var inside = column.ge(0).logical_and(column.lt(w)).logical_and(row.ge(0)).logical_and(row.lt(h));
        var places = (row.clamp(0, h - 1) * w + column.clamp(0, w - 1)).view(n, 1, h * w).expand(n, c, h * w);
        var moved = images.view(n, c, h * w).gather(2, places).view(n, c, h, w);
        return where(inside, moved, zeros_like(moved)).MoveToOuterDisposeScope();

        Tensor Place(Tensor byX, Tensor byY, Tensor shift, long size)
        {
            var half = size / 2.0;
            var place = x * (byX / half) + y * (byY / half) + shift / half;
            return (((place + 1) * size - 1) / 2).round().to(ScalarType.Int64);
        }
    }

    /// <summary>clip(f x + (1 - f) y), where f is 1 + magnitude and y is black, the grey image, its mean, or the smoothed image.</summary>
    private Tensor Blend(Tensor images, Tensor operation, Tensor magnitude)
    {
        using var scope = NewDisposeScope();
        Tensor Is(AugmentOperation chosen) => PerSample.Spread(operation.eq((long)chosen));
        var gray = Down(Luma.Of(images));
        var other = zeros_like(images);
        other = where(Is(AugmentOperation.Color), gray, other);
        other = where(Is(AugmentOperation.Contrast), gray.mean([1, 2, 3], true), other);
        other = where(Is(AugmentOperation.Sharpness), Smooth(images), other);
        var f = PerSample.Spread(1 + magnitude);
        // The last bit decides how a byte is rounded, and torchvision computes 1 - (1 + magnitude) without loss.
        var rest = bytes ? PerSample.Spread(-magnitude) : 1 - f;
        var blended = Down((f * images + rest * other).clamp_(0, top));
        // One channel is its own gray, and stays: rounded down, it would not.
        if (bytes && images.shape[1] == 1)
            blended = where(Is(AugmentOperation.Color), images, blended);
        return blended.MoveToOuterDisposeScope();
    }

    /// <summary>The mean of nine pixels, of which the middle one weighs 5; pixels at the border stay.</summary>
    private Tensor Smooth(Tensor images)
    {
        var (h, w) = (images.shape[2], images.shape[3]);
        if (h < 3 || w < 3)
            return images;
        using var scope = NewDisposeScope();
        var smooth = images.clone();
        var inner = smooth.narrow(2, 1, h - 2).narrow(3, 1, w - 2);
        inner.copy_((nn.functional.avg_pool2d(images, 3, 1) * 9 + inner * 4) / 13);
        return (bytes ? smooth.round_() : smooth).MoveToOuterDisposeScope();
    }

    /// <summary>Keeps the highest bits of each byte, as many as the magnitude says.</summary>
    private Tensor Posterize(Tensor images, Tensor bits)
    {
        using var scope = NewDisposeScope();
        var unit = PerSample.Spread((8 - bits).exp2());
        return OfBytes((ToBytes(images) / unit).floor_().mul_(unit)).MoveToOuterDisposeScope();
    }

    /// <summary>Stretches each channel to the whole range; one of a single value stays.</summary>
    private Tensor AutoContrast(Tensor images)
    {
        using var scope = NewDisposeScope();
        var (least, most) = (images.amin([2, 3], true), images.amax([2, 3], true));
        var range = most - least;
        var stretched = bytes
            ? ((images - least) * (255 / range)).clamp_(0, 255).floor_()
            : ((images - least) / range).clamp(0, 1);
        return where(range.gt(0), stretched, images).MoveToOuterDisposeScope();
    }

    /// <summary>Spreads the bytes of each channel so that all are about as frequent; a channel of too few pixels stays.</summary>
    private Tensor Equalize(Tensor images)
    {
        using var scope = NewDisposeScope();
        var (n, c, h, w) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3]);
        var values = ToBytes(images).to(ScalarType.Int64).view(n * c, h * w);
        var count = zeros([n * c, 256], ScalarType.Int64, images.device).scatter_add_(1, values, ones_like(values));
        var below = count.cumsum(1) - count;
        // The greatest byte's pixels are not counted, so that it can become 255.
        var step = below.gather(1, values.amax([1], true)).floor_divide(255);
        var table = (below + step.floor_divide(2)).floor_divide(step.clamp_min(1)).clamp_(0, 255);
        var spread = OfBytes(table.gather(1, values).to(ScalarType.Float32)).view(n, c, h, w);
        return where(step.gt(0).view(n, c, 1, 1), spread, images).MoveToOuterDisposeScope();
    }

    private Tensor Down(Tensor values) => bytes ? values.floor_() : values;

    private Tensor ToBytes(Tensor images) => bytes ? images : (images * 255).round_();

    private Tensor OfBytes(Tensor values) => bytes ? values : values.div_(255);
}
