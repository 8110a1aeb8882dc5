using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class CoverResizingTests
{
    private static byte[] Noise(int width, int height)
    {
        var values = new byte[4 * width * height];
        new Random(1).NextBytes(values);
        return values;
    }

    private static byte[] Resize(byte[] rgba, int sourceWidth, int sourceHeight, int width, int height)
    {
        var planes = new byte[3 * width * height];
        CoverResizing.Resize<byte>(
            rgba,
            sourceWidth,
            sourceHeight,
            4,
            (sourceWidth, sourceHeight),
            planes,
            width,
            height
        );
        return planes;
    }

    /// <summary>The definition in float64, pixel by pixel over the whole source: no two passes, no cut-off by window.</summary>
    private static double Definition(
        byte[] rgba,
        int sourceWidth,
        int sourceHeight,
        int width,
        int height,
        int c,
        int y,
        int x
    )
    {
        var scale = Math.Min((double)sourceWidth / width, (double)sourceHeight / height);
        var support = Math.Max(1, scale);
        double Weight(int at, int target, int source, int size)
        {
            var centre = (source - size * scale) / 2 + (target + 0.5) * scale;
            return Math.Max(0, 1 - Math.Abs(at + 0.5 - centre) / support);
        }
        var (sum, total) = (0.0, 0.0);
        for (var i = 0; i < sourceHeight; i++)
        for (var j = 0; j < sourceWidth; j++)
        {
            var weight = Weight(i, y, sourceHeight, height) * Weight(j, x, sourceWidth, width);
            sum += weight * rgba[4 * (i * sourceWidth + j) + c];
            total += weight;
        }
        return sum / total;
    }

    [Theory]
    [InlineData(20, 20, 8, 8)] // shrinks
    [InlineData(23, 17, 8, 8)] // shrinks and cuts the sides
    [InlineData(9, 31, 8, 6)] // cuts top and bottom
    [InlineData(5, 7, 16, 16)] // grows
    [InlineData(16, 12, 12, 12)] // cuts alone
    public void Every_pixel_is_that_of_the_definition_rounded(int sourceWidth, int sourceHeight, int width, int height)
    {
        var rgba = Noise(sourceWidth, sourceHeight);
        var planes = Resize(rgba, sourceWidth, sourceHeight, width, height);
        for (var c = 0; c < 3; c++)
        for (var y = 0; y < height; y++)
        for (var x = 0; x < width; x++)
        {
            var expected = Definition(rgba, sourceWidth, sourceHeight, width, height, c, y, x);
            Assert.Equal(expected, planes[(c * height + y) * width + x], 0.5 + 1e-3);
        }
    }

    [Fact]
    public void The_centre_is_kept_bit_for_bit_where_nothing_is_resized()
    {
        var rgba = Noise(12, 8);
        var planes = Resize(rgba, 12, 8, 8, 8);
        for (var c = 0; c < 3; c++)
        for (var y = 0; y < 8; y++)
        for (var x = 0; x < 8; x++)
            Assert.Equal(rgba[4 * (y * 12 + x + 2) + c], planes[(c * 8 + y) * 8 + x]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(37, 5)]
    [InlineData(3, 64)]
    public void One_colour_stays_itself(int width, int height)
    {
        byte[] colour = [0, 127, 255, 9];
        var planes = Resize(
            [.. Enumerable.Repeat(colour, width * height).SelectMany(pixel => pixel)],
            width,
            height,
            8,
            8
        );
        Assert.Equal(Enumerable.Repeat(colour[..3], 64).SelectMany(pixel => pixel).Order(), planes.Order());
        Assert.All(planes[64..128], value => Assert.Equal(127, value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(13)]
    public void Numbers_of_16_bits_and_any_number_of_bands_are_resized_alike(int bands)
    {
        var random = new Random(2);
        var source = Enumerable.Range(0, 29 * 21 * bands).Select(_ => (ushort)random.Next(65536)).ToArray();
        var planes = new ushort[bands * 64];
        CoverResizing.Resize<ushort>(source, 29, 21, bands, (29, 21), planes, 8, 8);
        for (var band = 0; band < bands; band++)
        {
            // The upper and the lower byte of each number as images of their own.
            var bytes = Enumerable
                .Range(0, 29 * 21)
                .SelectMany(i =>
                    new byte[] { (byte)(source[i * bands + band] >> 8), (byte)source[i * bands + band], 0, 0 }
                )
                .ToArray();
            for (var i = 0; i < 64; i++)
            {
                var upper = Definition(bytes, 29, 21, 8, 8, 0, i / 8, i % 8);
                var lower = Definition(bytes, 29, 21, 8, 8, 1, i / 8, i % 8);
                Assert.Equal(256 * upper + lower, planes[band * 64 + i], 0.6);
            }
        }
    }

    [Fact]
    public void The_weights_of_a_pixel_sum_to_1() =>
        Assert.All(
            CoverResizing.Weights(50, 50, 7, 50.0 / 7),
            weights => Assert.Equal(1, weights.Values.Sum(value => (double)value), 1e-6)
        );
}
