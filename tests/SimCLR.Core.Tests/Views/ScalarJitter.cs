using SimCLR.Core.Views;

namespace SimCLR.Core.Tests.Views;

/// <summary>Colour jitter written image by image and pixel by pixel in float64, with the six cases of HSV.</summary>
internal static class ScalarJitter
{
    internal static double[,,,] Apply(
        double[,,,] images,
        ViewParameters parameters,
        BrightnessMode brightnessMode,
        ContrastMean contrastMean
    )
    {
        var result = (double[,,,])images.Clone();
        var apply = ViewTesting.Flags(parameters["apply"]);
        var brightness = ViewTesting.Doubles(parameters["brightness"]);
        var contrast = ViewTesting.Doubles(parameters["contrast"]);
        var saturation = ViewTesting.Doubles(parameters["saturation"]);
        var hue = ViewTesting.Doubles(parameters["hue"]);
        var order = ViewTesting.Doubles(parameters["order"]);
        var (height, width) = (images.GetLength(2), images.GetLength(3));
        for (var n = 0; n < images.GetLength(0); n++)
        {
            if (!apply[n])
                continue;
            var pixels = Pixels(images, n);
            for (var place = 0; place < 4; place++)
                pixels = (int)order[n * 4 + place] switch
                {
                    0 when brightnessMode == BrightnessMode.Add => Map(pixels, v => v + brightness[n]),
                    0 => Map(pixels, v => v * brightness[n]),
                    1 => Contrast(pixels, contrast[n], contrastMean),
                    2 => [.. pixels.Select(p => Saturation(p, saturation[n]))],
                    _ => [.. pixels.Select(p => p.Length == 3 ? Hue(p, hue[n]) : p)],
                };
            for (var c = 0; c < images.GetLength(1); c++)
            for (var i = 0; i < height * width; i++)
                result[n, c, i / width, i % width] = pixels[i][c];
        }
        return result;
    }

    private static double[][] Pixels(double[,,,] images, int n)
    {
        var (channels, height, width) = (images.GetLength(1), images.GetLength(2), images.GetLength(3));
        return
        [
            .. from y in Enumerable.Range(0, height)
            from x in Enumerable.Range(0, width)
            select Enumerable.Range(0, channels).Select(c => images[n, c, y, x]).ToArray(),
        ];
    }

    private static double[][] Map(double[][] pixels, Func<double, double> change) =>
        [.. pixels.Select(p => p.Select(v => Math.Clamp(change(v), 0, 1)).ToArray())];

    private static double Gray(double[] p) => p.Length == 3 ? 0.2989 * p[0] + 0.587 * p[1] + 0.114 * p[2] : p[0];

    private static double[][] Contrast(double[][] pixels, double f, ContrastMean mean)
    {
        var means = Enumerable
            .Range(0, pixels[0].Length)
            .Select(c => pixels.Average(p => mean == ContrastMean.Gray ? Gray(p) : p[c]))
            .ToArray();
        return [.. pixels.Select(p => p.Select((v, c) => Math.Clamp(f * v + (1 - f) * means[c], 0, 1)).ToArray())];
    }

    private static double[] Saturation(double[] p, double f) =>
        [.. p.Select(v => Math.Clamp(f * v + (1 - f) * Gray(p), 0, 1))];

    private static double[] Hue(double[] rgb, double turns)
    {
        var (r, g, b) = (rgb[0], rgb[1], rgb[2]);
        var value = rgb.Max();
        var chroma = value - rgb.Min();
        var hue =
            chroma == 0 ? 0
            : value == r ? (g - b) / chroma
            : value == g ? 2 + (b - r) / chroma
            : 4 + (r - g) / chroma;
        var turned = hue / 6 + turns;
        turned -= Math.Floor(turned);
        var saturation = value == 0 ? 0 : chroma / value;
        var sector = (int)(turned * 6);
        var f = turned * 6 - sector;
        var (low, falling, rising) = (
            value * (1 - saturation),
            value * (1 - saturation * f),
            value * (1 - saturation * (1 - f))
        );
        return (sector % 6) switch
        {
            0 => [value, rising, low],
            1 => [falling, value, low],
            2 => [low, value, rising],
            3 => [low, falling, value],
            4 => [rising, low, value],
            _ => [value, low, falling],
        };
    }
}
