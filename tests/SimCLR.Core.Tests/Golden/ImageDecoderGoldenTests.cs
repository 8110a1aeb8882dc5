using System.Runtime.InteropServices;
using SimCLR.Core.Images;
using SimCLR.Core.Interop;
using TorchSharp;

namespace SimCLR.Core.Tests.Golden;

/// <summary>Image files of many kinds against what Pillow reads in them (tests/golden/images.py).</summary>
public class ImageDecoderGoldenTests
{
    private static readonly string Golden = Path.Combine(Repository.Root, "tests", "golden");

    private static readonly Lazy<Dictionary<string, (long[] Shape, double[] Values)>> Expected = new(() =>
    {
        var path = Path.Combine(Golden, "images.safetensors");
        using var file = File.OpenRead(path);
        using var scope = torch.NewDisposeScope();
        return Safetensors
            .Read(file, path)
            .Tensors.ToDictionary(
                entry => entry.Key,
                entry => (entry.Value.shape, entry.Value.to(torch.ScalarType.Float64).data<double>().ToArray())
            );
    });

    public static IEnumerable<TheoryDataRow<string>> Cases() =>
        Expected.Value.Keys.Order(StringComparer.Ordinal).Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_file_gives_the_numbers_of_Pillow(string name)
    {
        var (shape, expected) = Expected.Value[name];
        var parts = name.Split('/');
        var bits = int.Parse(parts[2]);
        var layout = new PixelLayout((int)shape[0], (int)shape[1], (int)shape[2], bits, parts[1].StartsWith('o'));
        var pixels = new byte[layout.Bytes];
        ImageDecoder.Decode(Path.Combine(Golden, "images", parts[0]), pixels, layout);
        double[] found =
            bits == 8
                ? [.. pixels.Select(value => (double)value)]
                : [.. MemoryMarshal.Cast<byte, ushort>(pixels).ToArray().Select(value => (double)value)];
        var errors = found.Zip(expected, (a, b) => Math.Abs(a - b)).ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{name}: {errors.Average():f3} on the mean, at most {errors.Max()}"
        );
        // Lossless files as they are have the same numbers; JPEGs and WebPs are decoded by other releases of their libraries.
        var lossless = !parts[0].EndsWith(".jpg") && !parts[0].StartsWith("lossy");
        Assert.InRange(errors.Average(), 0, lossless ? 0.1 : 1);
        Assert.InRange(errors.Max(), 0, lossless ? (parts[3] == "full" ? 0 : 1) : 3);
    }

    [Theory]
    [InlineData("colour.jpg", 50, 36, 3, 8)]
    [InlineData("cmyk.jpg", 50, 36, 3, 8)]
    [InlineData("gray-twelve.png", 50, 36, 1, 16)]
    [InlineData("clear.gif", 50, 36, 3, 8)]
    [InlineData("four.tif", 50, 36, 4, 16)]
    [InlineData("thirteen-bytes.tif", 50, 36, 13, 8)]
    [InlineData("colour.bmp", 50, 36, 3, 8)]
    [InlineData("lossless.avif", 50, 36, 3, 8)]
    [InlineData("lossy-ten-bits.avif", 50, 36, 3, 16)]
    public void Headers_tell_size_bands_and_depth(string file, int width, int height, int bands, int bits) =>
        Assert.Equal(
            new ImageHeader(width, height, bands, bits),
            ImageDecoder.Measure(Path.Combine(Golden, "images", file))
        );

    [Fact]
    public void The_cameras_orientation_changes_the_size_where_it_is_followed()
    {
        var path = Path.Combine(Golden, "images", "turned.jpg");
        Assert.Equal((50, 36), (ImageDecoder.Measure(path).Width, ImageDecoder.Measure(path).Height));
        var turned = ImageDecoder.Measure(path, orient: true);
        Assert.Equal((36, 50), (turned.Width, turned.Height));
    }

    [Theory]
    [InlineData("pages.tif", 1, "a TIFF of 2 pages; make a file of each")]
    [InlineData("float.tif", 1, "type Float, not of 8 or 16 bits")]
    [InlineData("thirteen.tif", 3, "it has 13 bands, which cannot become 3 channels")]
    [InlineData("four.tif", 13, "it has 4 bands, which cannot become 13 channels")]
    public void What_is_not_read_is_refused_with_its_reason(string file, int channels, string reason)
    {
        var error = Assert.Throws<UnreadableImageException>(() =>
            ImageDecoder.Decode(
                Path.Combine(Golden, "images", file),
                new byte[channels * 64],
                new PixelLayout(channels, 8, 8)
            )
        );
        Assert.Equal(Unreadable.Unsupported, error.Cause);
        Assert.Contains(reason, error.Message);
    }
}
