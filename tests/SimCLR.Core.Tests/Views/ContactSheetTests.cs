using SimCLR.Core.Tests.Images;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public sealed class ContactSheetTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sheet").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Every_pixel_lies_where_the_grid_puts_it(int channels)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(5, channels, 4, 6);
        var path = Path.Combine(_folder, "new", "sheet.png");
        ContactSheet.Write(path, images, columns: 3, scale: 2);
        var (width, height, at) = Picture.Read(path);
        // Gaps of 2 around cells of 12 x 8.
        Assert.Equal((2 + 3 * 14, 2 + 2 * 10), (width, height));
        var p = Numbers(images);
        for (var i = 0; i < 5; i++)
        for (var y = 0; y < 8; y++)
        for (var x = 0; x < 12; x++)
        {
            var colour = at(2 + i % 3 * 14 + x, 2 + i / 3 * 10 + y);
            var expected = Enumerable.Range(0, 3).Select(c => p[i, c % channels, y / 2, x / 2] * 255).ToArray();
            Assert.Equal(expected[0], colour.Red, 0.51);
            Assert.Equal(expected[1], colour.Green, 0.51);
            Assert.Equal(expected[2], colour.Blue, 0.51);
        }
        Assert.Equal(Colour.White, at(40, 15)); // the sixth cell is empty
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(4, 3)]
    [InlineData(13, 3)]
    public void Of_other_numbers_of_channels_three_are_shown_or_one(int channels, int shown)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(2, channels, 4, 6);
        var (all, some) = (Path.Combine(_folder, "all.png"), Path.Combine(_folder, "some.png"));
        ContactSheet.Write(all, images, 2);
        ContactSheet.Write(some, images.narrow(1, 0, shown), 2);
        Assert.Equal(File.ReadAllBytes(some), File.ReadAllBytes(all));
    }

    [Fact]
    public void No_images_are_refused()
    {
        using var images = RandomImages(5, 3, 4, 6).narrow(0, 0, 0);
        Assert.Throws<ArgumentException>(() => ContactSheet.Write(Path.Combine(_folder, "x.png"), images, 2));
        Assert.Empty(Directory.GetFiles(_folder));
    }
}
