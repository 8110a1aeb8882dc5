using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Resampling of a stretch of pixels as a matrix, one per image.</summary>
/// <remarks>
/// The values are those of PyTorch's interpolate with align_corners=false, and with antialias=true those of PIL's resize: the
/// filter sees only the stretch, is widened by the scale when shrinking, and its weights sum to 1.
/// </remarks>
internal static class ResizeFilter
{
    /// <summary>Keys' constant where shrinking averages: PIL's.</summary>
    internal const double Averaging = -0.5;

    /// <summary>Keys' constant where it does not: PyTorch's.</summary>
    internal const double Interpolating = -0.75;

    /// <summary>The matrices that resample pixels start .. start + length - 1 of a row of source pixels to target pixels.</summary>
    /// <returns>[N, target, source], float32; start and length are [N], int64.</returns>
    internal static Tensor Weights(
        Tensor start,
        Tensor length,
        long source,
        long target,
        Interpolation interpolation,
        bool antialias
    )
    {
        using var scope = NewDisposeScope();
        // Positions in float64: at 200 pixels float32 would already cost 1e-5 of a weight.
        var scale = length.to(ScalarType.Float64).div_(target).unsqueeze(1);
        var centres = arange(target, ScalarType.Float64, start.device).add_(0.5).mul(scale);
        var pixels = arange(source, ScalarType.Float64, start.device) - start.unsqueeze(1);
        var last = (length - 1).unsqueeze(1);
        var weights = (antialias, interpolation) switch
        {
            (true, _) => Antialiased(pixels, centres, scale.clamp_min(1), last, interpolation),
            (false, Interpolation.Bilinear) => Triangle(
                Distance(pixels, minimum(centres.sub(0.5).clamp_min_(0), last.to(ScalarType.Float64)))
            ),
            _ => CubicTaps(pixels, centres.sub(0.5), last),
        };
        return weights.MoveToOuterDisposeScope();
    }

    private static Tensor Antialiased(
        Tensor pixels,
        Tensor centres,
        Tensor stretch,
        Tensor last,
        Interpolation interpolation
    )
    {
        var distance = Distance(pixels.add(0.5).div_(stretch), centres.div(stretch));
        var weights = interpolation == Interpolation.Bilinear ? Triangle(distance) : Cubic(distance, Averaging);
        var inside = pixels.ge(0).logical_and(pixels.le(last)).to(ScalarType.Float32).unsqueeze(1);
        weights.mul_(inside);
        return weights.div_(weights.sum(2, keepdim: true));
    }

    /// <summary>|pixels - centres| of every pair, [N, target, source], float32.</summary>
    private static Tensor Distance(Tensor pixels, Tensor centres) =>
        (pixels.unsqueeze(1) - centres.unsqueeze(2)).to(ScalarType.Float32).abs_();

    /// <summary>max(0, 1 - |x|). Changes its argument.</summary>
    private static Tensor Triangle(Tensor distance) => distance.neg_().add_(1).clamp_min_(0);

    /// <summary>Keys' cubic kernel of |x| (R. Keys, IEEE ASSP 29, 1981).</summary>
    private static Tensor Cubic(Tensor distance, double a)
    {
        var inner = distance.mul(a + 2).sub_(a + 3).mul_(distance).mul_(distance).add_(1);
        var outer = distance.sub(5).mul_(distance).add_(8).mul_(distance).sub_(4).mul_(a);
        return where(distance.lt(1), inner, outer).mul_(distance.lt(2));
    }

    /// <summary>Four taps around each position; taps beyond the stretch fall on its border pixels.</summary>
    private static Tensor CubicTaps(Tensor pixels, Tensor positions, Tensor last)
    {
        var below = positions.floor();
        var weights = zeros([pixels.shape[0], positions.shape[1], pixels.shape[1]], device: pixels.device);
        for (var tap = -1; tap <= 2; tap++)
        {
            var at = below.add(tap);
            var weight = Cubic((at - positions).abs_().to(ScalarType.Float32), Interpolating);
            var index = minimum(at.clamp_min(0), last.to(ScalarType.Float64));
            weights.addcmul_(index.unsqueeze(2).eq(pixels.unsqueeze(1)).to(ScalarType.Float32), weight.unsqueeze(2), 1);
        }
        return weights;
    }
}
