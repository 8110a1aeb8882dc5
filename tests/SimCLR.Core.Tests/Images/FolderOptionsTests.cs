using NetVips;
using SimCLR.Core.Images;
using SimCLR.Core.Views;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Images;

public class FolderOptionsTests
{
    private const int Side = 8;

    /// <summary>Numbers of 16 bits, [Side, Side, bands], for a seed.</summary>
    private static ushort[] Numbers(int seed, int bands, int largest)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Side * Side * bands).Select(_ => (ushort)random.Next(largest + 1))];
    }

    private static void Write(string path, ushort[] numbers, int bands)
    {
        using var raw = Image.NewFromMemory(numbers, Side, Side, bands, Enums.BandFormat.Ushort);
        if (path.EndsWith(".png"))
            raw.Copy(interpretation: Enums.Interpretation.Grey16).Pngsave(path, bitdepth: 16);
        else
            raw.Copy(interpretation: Enums.Interpretation.Multiband).Tiffsave(path);
    }

    private static TemporaryFolder Folder(string ending, int bands, int largest)
    {
        var folder = new TemporaryFolder();
        for (var i = 0; i < 6; i++)
            Write(folder.At(i < 4 ? "train" : "test", "c", $"{i}.{ending}"), Numbers(i, bands, largest), bands);
        return folder;
    }

    private static ImageSplits Load(TemporaryFolder folder, FolderOptions options, bool stream = false) =>
        new ImageFolder(folder.Root, stream: stream, options: options).Load();

    /// <summary>Largest deviation of the first image from its numbers / largest.</summary>
    private static double Error(ImageSet images, int seed, int bands, int largest)
    {
        using var scope = NewDisposeScope();
        var found = ViewBatch.FromBytes(images.Rows(0, 1)).permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
        return Numbers(seed, bands, largest).Zip(found, (a, b) => Math.Abs((double)a / largest - b)).Max();
    }

    [Theory]
    [InlineData(16, 65535, 1e-6)]
    [InlineData(16, 4095, 0.5 / 65535 + 1e-6)]
    [InlineData(8, 4095, 0.5 / 255 + 1e-6)]
    public void A_range_of_gray_images_becomes_0_to_1(int bits, int largest, double tolerance)
    {
        using var folder = Folder("png", 1, largest);
        var options = new FolderOptions
        {
            Channels = 1,
            Bits = bits,
            Range = new PixelRange(0, largest),
        };
        using var splits = Load(folder, options);
        Assert.Equal([4, 1, Side, Side], splits.Train.Images.shape);
        Assert.Equal(bits, splits.Train.Bits);
        Assert.Equal(bits == 8 ? ScalarType.Byte : ScalarType.Int16, splits.Train.Images.dtype);
        Assert.InRange(Error(splits.Train, 0, 1, largest), 0, tolerance);
        Assert.InRange(Error(splits.Test, 4, 1, largest), 0, tolerance);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(13)]
    public void Every_band_of_a_TIFF_is_a_channel_in_memory_and_from_the_cache(int bands)
    {
        using var folder = Folder("tif", bands, 65535);
        var options = new FolderOptions { Channels = bands, Bits = 16 };
        using var memory = Load(folder, options);
        Assert.Equal([4, bands, Side, Side], memory.Train.Images.shape);
        Assert.InRange(Error(memory.Train, 0, bands, 65535), 0, 1e-6);
        using var streamed = Load(folder, options, stream: true);
        Assert.True(streamed.Train.IsStreamed);
        using var rows = streamed.Train.Rows(0, 4);
        Assert.True(rows.equal(memory.Train.Images).all().item<bool>());
    }

    [Fact]
    public void Numbers_outside_the_range_are_clipped()
    {
        using var folder = Folder("png", 1, 4095);
        using var splits = Load(folder, new FolderOptions { Channels = 1, Range = new PixelRange(1000, 2000) });
        var found = splits.Train.Images[0].data<byte>().ToArray();
        var expected = Numbers(0, 1, 4095).Select(n => Math.Clamp((n - 1000) / 1000.0, 0, 1) * 255).ToArray();
        Assert.Equal(0, expected.Zip(found, (a, b) => Math.Abs(a - b)).Max(), 0.5001);
    }

    [Fact]
    public void Twelve_bits_in_sixteen_are_refused_unless_their_range_is_stated()
    {
        using var folder = Folder("png", 1, 4095);
        var error = Assert.Throws<ImageSourceException>(() => Load(folder, new FolderOptions()));
        Assert.Contains("0 to 4095, or 0 to 65535 to take them as they are", error.Message);
        Assert.Matches("measured on 4 of 4", error.Message);
        using var dark = Load(folder, new FolderOptions { Range = new PixelRange(0, 65535) });
        Assert.InRange(dark.Train.Images.max().item<byte>(), 14, 16);
    }

    [Fact]
    public void Sixteen_bits_that_are_used_are_told_of()
    {
        using var folder = Folder("png", 1, 65535);
        var told = new List<string>();
        using var splits = new ImageFolder(folder.Root).Load(told.Add);
        Assert.Contains("16 bits", told[^1]);
        Assert.Equal(3, splits.Train.Channels);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void Numbers_of_channels_that_make_no_sense_are_refused(int channels) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FolderOptions { Channels = channels });

    [Theory]
    [InlineData(5, 5)]
    [InlineData(-1, 5)]
    [InlineData(0, 70000)]
    [InlineData(double.NaN, 5)]
    public void Ranges_that_make_no_sense_are_refused(double low, double high) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new FolderOptions { Range = new PixelRange(low, high) });
}
