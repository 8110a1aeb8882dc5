using SimCLR.Core.Views;

namespace SimCLR.Core.Tests.Views;

/// <summary>Crop and resize written pixel by pixel in float64, with the loops over taps that image libraries use.</summary>
internal static class Resampling
{
    internal static double[,,,] Crop(
        double[,,,] images,
        double[] top,
        double[] left,
        double[] height,
        double[] width,
        int size,
        Interpolation interpolation,
        bool antialias
    ) =>
        ViewTesting.Fill(
            images.GetLength(0),
            images.GetLength(1),
            size,
            size,
            (n, c, y, x) =>
            {
                var sum = 0.0;
                foreach (var (dy, wy) in Taps(y, (int)height[n], size, interpolation, antialias))
                foreach (var (dx, wx) in Taps(x, (int)width[n], size, interpolation, antialias))
                    sum += wy * wx * images[n, c, (int)top[n] + dy, (int)left[n] + dx];
                return Math.Clamp(sum, 0, 1);
            }
        );

    /// <summary>The pixels of a stretch of that length, and their weights, that make pixel i of size.</summary>
    internal static List<(int Pixel, double Weight)> Taps(
        int i,
        int length,
        int size,
        Interpolation interpolation,
        bool antialias
    )
    {
        var scale = (double)length / size;
        var centre = scale * (i + 0.5);
        var taps = new List<(int, double)>();
        if (antialias)
        {
            var stretch = Math.Max(scale, 1);
            var support = stretch * (interpolation == Interpolation.Bilinear ? 1 : 2);
            var first = Math.Max((int)(centre - support + 0.5), 0);
            var end = Math.Min((int)(centre + support + 0.5), length);
            for (var j = first; j < end; j++)
                taps.Add((j, Kernel((j + 0.5 - centre) / stretch, interpolation, -0.5)));
            var sum = taps.Sum(tap => tap.Item2);
            return [.. taps.Select(tap => (tap.Item1, tap.Item2 / sum))];
        }
        var position = centre - 0.5;
        var below = (int)Math.Floor(position);
        var (from, to) = interpolation == Interpolation.Bilinear ? (0, 1) : (-1, 2);
        for (var k = from; k <= to; k++)
            taps.Add((Math.Clamp(below + k, 0, length - 1), Kernel(position - (below + k), interpolation, -0.75)));
        return taps;
    }

    private static double Kernel(double x, Interpolation interpolation, double a)
    {
        x = Math.Abs(x);
        if (interpolation == Interpolation.Bilinear)
            return x < 1 ? 1 - x : 0;
        return x < 1 ? (a + 2) * x * x * x - (a + 3) * x * x + 1
            : x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a
            : 0;
    }
}
