using System.Runtime.Intrinsics;

namespace SimCLR.Core.Views;

/// <summary><see cref="Luma"/> of one image.</summary>
internal static class PixelLuma
{
    /// <summary>The brightness of the pixels, until the image's first scratch room is used again.</summary>
    internal static Span<float> Of(PixelImage pixels)
    {
        var luma = pixels.Scratch(0, pixels.Count);
        var result = PixelImage.Vectors(luma);
        result.Clear();
        for (var channel = 0; channel < pixels.Channels; channel++)
        {
            var weight = Weight(channel, pixels.Channels);
            var values = PixelImage.Vectors(pixels.Channel(channel));
            for (var i = 0; i < result.Length; i++)
                result[i] += values[i] * weight;
        }
        if (pixels.Channels != 3)
            foreach (ref var sum in result)
                sum /= Vector256.Create((float)pixels.Channels);
        return luma;
    }

    private static float Weight(int channel, int channels) =>
        channels != 3 ? 1
        : channel == 0 ? (float)Luma.Red
        : channel == 1 ? (float)Luma.Green
        : (float)Luma.Blue;
}
