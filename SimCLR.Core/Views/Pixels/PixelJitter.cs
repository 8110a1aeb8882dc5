using System.Runtime.Intrinsics;

namespace SimCLR.Core.Views;

/// <summary>A batch's <see cref="ColorJitter"/> for a processor: only what an image's parameters ask for, in their order.</summary>
internal sealed class PixelJitter(ViewParameters parameters, BrightnessMode mode, ContrastMean mean, bool turnsHue)
{
    private readonly Drawn<bool> _apply = new Drawn<bool>(parameters["apply"]);
    private readonly Drawn<float> _brightness = new Drawn<float>(parameters["brightness"]);
    private readonly Drawn<float> _contrast = new Drawn<float>(parameters["contrast"]);
    private readonly Drawn<float> _saturation = new Drawn<float>(parameters["saturation"]);
    private readonly Drawn<float> _hue = new Drawn<float>(parameters["hue"]);
    private readonly Drawn<long> _order = new Drawn<long>(parameters["order"]);

    internal void Apply(int image, PixelImage pixels)
    {
        if (!_apply[image])
            return;
        for (var place = 0; place < 4; place++)
            switch (_order[4 * image + place])
            {
                case 0 when mode == BrightnessMode.Multiply:
                    Scale(pixels, _brightness[image], 0);
                    break;
                case 0:
                    Scale(pixels, 1, _brightness[image]);
                    break;
                case 1:
                    Contrast(pixels, _contrast[image]);
                    break;
                case 2 when pixels.Channels == 3:
                    Saturate(pixels, _saturation[image]);
                    break;
                case 3 when pixels.Channels == 3 && turnsHue:
                    Turn(pixels, _hue[image]);
                    break;
            }
    }

    private static void Scale(PixelImage pixels, float gain, float addend)
    {
        for (var channel = 0; channel < pixels.Channels; channel++)
            Scale(pixels.Channel(channel), gain, addend);
    }

    private static void Scale(Span<float> channel, float gain, float addend)
    {
        var constant = Vector256.Create(addend);
        foreach (ref var x in PixelImage.Vectors(channel))
            x = PixelImage.Clip(x * gain + constant);
    }

    private void Contrast(PixelImage pixels, float factor)
    {
        if (mean == ContrastMean.Gray)
        {
            Scale(pixels, factor, Mean(PixelLuma.Of(pixels), pixels.Count) * (1 - factor));
            return;
        }
        for (var channel = 0; channel < pixels.Channels; channel++)
        {
            var values = pixels.Channel(channel);
            Scale(values, factor, Mean(values, pixels.Count) * (1 - factor));
        }
    }

    private static void Saturate(PixelImage pixels, float factor)
    {
        var gray = PixelImage.Vectors(PixelLuma.Of(pixels));
        for (var channel = 0; channel < pixels.Channels; channel++)
        {
            var values = PixelImage.Vectors(pixels.Channel(channel));
            for (var i = 0; i < values.Length; i++)
                values[i] = PixelImage.Clip(values[i] * factor + gray[i] * (1 - factor));
        }
    }

    /// <summary>As <see cref="Hue.Rotate"/>.</summary>
    private static void Turn(PixelImage pixels, float turns)
    {
        var red = PixelImage.Vectors(pixels.Channel(0));
        var green = PixelImage.Vectors(pixels.Channel(1));
        var blue = PixelImage.Vectors(pixels.Channel(2));
        var (one, two, four, six) = (Number(1), Number(2), Number(4), Number(6));
        for (var i = 0; i < red.Length; i++)
        {
            var (r, g, b) = (red[i], green[i], blue[i]);
            var high = Vector256.Max(Vector256.Max(r, g), b);
            var low = Vector256.Min(Vector256.Min(r, g), b);
            var chroma = high - low;
            var unit = Vector256.Max(chroma, Number(1e-12f));
            var angle = Vector256.ConditionalSelect(
                Vector256.Equals(high, r),
                (g - b) / unit,
                Vector256.ConditionalSelect(Vector256.Equals(high, g), (b - r) / unit + two, (r - g) / unit + four)
            );
            angle += Number(turns * 6);
            angle -= Vector256.Floor(angle / six) * six;
            red[i] = PixelImage.Clip(Vector256.Abs(angle - Number(3)) - one) * chroma + low;
            green[i] = PixelImage.Clip(two - Vector256.Abs(angle - two)) * chroma + low;
            blue[i] = PixelImage.Clip(two - Vector256.Abs(angle - four)) * chroma + low;
        }

        static Vector256<float> Number(float value) => Vector256.Create(value);
    }

    /// <summary>The mean of a channel's pixels; sums of a thousand at most are of float32.</summary>
    private static float Mean(ReadOnlySpan<float> channel, int count)
    {
        const int part = 1024;
        var total = 0.0;
        for (var start = 0; start < count; start += part)
        {
            var numbers = channel[start..Math.Min(start + part, count)];
            var sums = Vector256<float>.Zero;
            var i = 0;
            for (; i + PixelImage.Lanes <= numbers.Length; i += PixelImage.Lanes)
                sums += Vector256.Create(numbers.Slice(i, PixelImage.Lanes));
            for (var lane = 0; lane < PixelImage.Lanes; lane++)
                total += sums[lane];
            for (; i < numbers.Length; i++)
                total += numbers[i];
        }
        return (float)(total / count);
    }
}
