using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Rotation of hue in HSV.</summary>
internal static class Hue
{
    /// <summary>Adds to the hue of every pixel; value and saturation stay. Equal to HSV there and back, without branches.</summary>
    /// <param name="images">[N, 3, H, W] in [0, 1].</param>
    /// <param name="turns">[N], in turns of the colour circle.</param>
    /// <returns>[N, 3, H, W], new, contiguous.</returns>
    internal static Tensor Rotate(Tensor images, Tensor turns)
    {
        using var scope = NewDisposeScope();
        var (r, g, b) = (images.narrow(1, 0, 1), images.narrow(1, 1, 1), images.narrow(1, 2, 1));
        var high = maximum(maximum(r, g), b);
        var low = minimum(minimum(r, g), b);
        var chroma = high - low;
        var angle = Sextant(r, g, b, high, chroma);
        angle.add_(PerSample.Spread(turns * 6));
        angle.sub_(angle.div(6).floor_().mul_(6)); // remainder, but vectorised on CPU

        // The pure colour of an angle a in [0, 6]: red |a - 3| - 1, green 2 - |a - 2|, blue 2 - |a - 4|, clipped to [0, 1].
        var wheel = angle.sub(Channels(3, 2, 4)).abs_().mul_(Channels(1, -1, -1)).add_(Channels(-1, 2, 2)).clamp_(0, 1);
        return wheel.mul_(chroma).add_(low).MoveToOuterDisposeScope();

        Tensor Channels(params float[] values) => DeviceConstants.Of(images.device, values).view(1, 3, 1, 1);
    }

    /// <summary>Hue in [-1, 5], sixths of a turn; 0 where there is none.</summary>
    private static Tensor Sextant(Tensor r, Tensor g, Tensor b, Tensor high, Tensor chroma)
    {
        var unit = chroma.clamp_min(1e-12);
        var fromRed = (g - b).div_(unit);
        var fromGreen = (b - r).div_(unit).add_(2);
        var fromBlue = (r - g).div_(unit).add_(4);
        // lerp by 0 or 1 chooses exactly, and unlike where it is vectorised on CPU.
        var (isRed, isGreen) = (high.eq(r).to(ScalarType.Float32), high.eq(g).to(ScalarType.Float32));
        return fromBlue.lerp_(fromGreen, isGreen).lerp_(fromRed, isRed);
    }
}
