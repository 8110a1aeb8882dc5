using System.Text.Json;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Images;

/// <summary>Image folders whose images are kept whole.</summary>
public class WholePixelsTests
{
    private const int Side = 8;
    private static readonly string[] Classes = ["a", "b"];
    private static readonly (int Width, int Height)[] Shapes = [(8, 8), (14, 8), (8, 20), (12, 8)];

    /// <summary>Images whose shorter side is right already: nothing is resized.</summary>
    private static List<LabelledFile> Files(TemporaryFolder folder, int count = 12) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new LabelledFile(
                    folder.WriteImage(
                        $"{Classes[i % 2]}/{i:D3}.png",
                        Shapes[i % 4].Width,
                        Shapes[i % 4].Height,
                        (x, y) => Pixel(i, x, y)
                    ),
                    i % 2
                )),
        ];

    private static Colour Pixel(int image, int x, int y) => new((byte)(x * 10), (byte)(y * 10), (byte)image);

    private static ImageSet Open(
        TemporaryFolder folder,
        IReadOnlyList<LabelledFile> files,
        int side = Side,
        Action<string>? report = null,
        long shardBytes = ShardFolder.ShardBytes
    ) =>
        new ShardFolder(folder.At("cache"), report, default, shardBytes).Open(
            files,
            Classes,
            new PixelLayout(3, side, side) { Whole = true },
            resize: true
        );

    /// <summary>The pixels of an image, [C, H, W].</summary>
    private static byte[] Bytes(int image)
    {
        var (width, height) = Shapes[image % 4];
        return
        [
            .. from plane in Enumerable.Range(0, 3)
            from y in Enumerable.Range(0, height)
            from x in Enumerable.Range(0, width)
            let pixel = Pixel(image, x, y)
            select new[] { pixel.Red, pixel.Green, pixel.Blue }[plane],
        ];
    }

    private static byte[] Read(ImageSet images, params long[] indices)
    {
        using var chosen = tensor(indices);
        using var whole = images.Whole(chosen);
        return whole.Pixels.bytes.ToArray();
    }

    [Fact]
    public void A_feed_reads_batches_of_any_sizes_into_buffers_that_are_used_again()
    {
        using var folder = new TemporaryFolder();
        using var images = Open(folder, Files(folder, 40));
        BatchOrder Order() => new(new RandomStreams(4), images.Count, 6);
        using var feed = new PrefetchFeed(images, Order(), CPU, 60);
        using var order = Order();
        var largest = 0;
        for (var step = 0; step < 60; step++)
        {
            using var indices = order.At(step);
            var expected = Read(images, indices.data<long>().ToArray());
            using var batch = feed.Batch(step);
            Assert.Equal(expected, batch.Images.bytes.ToArray());
            largest = Math.Max(largest, expected.Length);
        }
        // None is more than an eighth larger than the largest batch.
        Assert.InRange(feed.BufferBytes, largest, (PrefetchFeed.Ahead + 1) * largest * 9 / 8);
    }

    [Theory]
    [InlineData(500, 375, 256, 256, 340)]
    [InlineData(375, 500, 256, 340, 256)]
    [InlineData(256, 256, 256, 256, 256)]
    [InlineData(100, 50, 256, 256, 512)]
    [InlineData(100, 99, 256, 256, 258)]
    [InlineData(10000, 10, 256, 256, 4096)] // cut to sixteen times
    [InlineData(1, 3, 8, 24, 8)]
    public void The_shorter_side_has_the_size_and_the_longer_one_its_ratio(
        int width,
        int height,
        int side,
        int rows,
        int columns
    ) => Assert.Equal((rows, columns), new PixelLayout(3, side, side) { Whole = true }.SizeOf(height, width));

    [Fact]
    public void Whole_images_have_all_pixels_of_the_files_in_any_order()
    {
        using var folder = new TemporaryFolder();
        using var images = Open(folder, Files(folder), shardBytes: 3 * 3 * Side * Side * 4 / 3);
        Assert.True(images.IsWhole && images.IsStreamed);
        Assert.Equal((12, 3, Side, Side), (images.Count, images.Channels, images.Height, images.Width));
        Assert.Equal(4, ShardIndex.TryRead(folder.At("cache"))!.Shards.Count);
        Assert.Equal((byte[])[.. Bytes(9), .. Bytes(2), .. Bytes(9), .. Bytes(0)], Read(images, 9, 2, 9, 0));
        using var some = tensor(new long[] { 6, 5 });
        using var chosen = images.Select(some);
        Assert.Equal((byte[])[.. Bytes(5), .. Bytes(6)], Read(chosen, 1, 0));
        using var both = arange(2);
        using var sizes = chosen.Sizes(both);
        Assert.Equal([20, 8, 8, 14], sizes.data<long>().ToArray());
    }

    [Fact]
    public void The_squares_at_the_centres_are_the_images_that_are_cut_to_them()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(3);
        var files = Enumerable
            .Range(0, 12)
            .Select(i => new LabelledFile(
                folder.WriteImage(
                    $"a/{i}.jpg",
                    40 + random.Next(300),
                    40 + random.Next(300),
                    (x, y) => new Colour((byte)(x * 3 + random.Next(40)), (byte)(y * 2), (byte)(x ^ y)),
                    PictureFormat.Jpeg
                ),
                0
            ))
            .ToList();
        using var images = Open(folder, files, 32);
        using var cut = new FolderReader(new PixelLayout(3, 32, 32), true, null, default).Read(files, Classes);
        using var scope = NewDisposeScope();
        var difference = (images.Rows(0, 12).to(int32) - cut.Rows(0, 12).to(int32)).abs();
        // Weights of the same pixels, which may be rounded otherwise.
        Assert.InRange(difference.max().ToInt32(), 0, 1);
        Assert.InRange(difference.ne(0).to(float32).mean().ToSingle(), 0, 1e-3);
    }

    [Fact]
    public void A_damaged_file_is_left_out_and_a_damaged_shard_decoded_again()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 200);
        File.WriteAllText(files[5].Path, "no image");
        // Its header is whole.
        File.WriteAllBytes(files[7].Path, File.ReadAllBytes(files[7].Path)[..60]);
        var shardBytes = 20L * 3 * Side * Side * 4 / 3;
        Open(folder, files, shardBytes: shardBytes).Dispose();
        var shard = Path.Combine(folder.At("cache"), "shard-00000.u8");
        var bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 1; // in the table of sizes
        File.WriteAllBytes(shard, bytes);
        var said = new List<string>();
        using var images = Open(folder, files, report: said.Add, shardBytes: shardBytes);
        Assert.Contains(said, line => line.Contains("is damaged: its 20 images are decoded again"));
        Assert.Equal(198, images.Count);
        long[] all = [.. Enumerable.Range(0, 198).Select(i => (long)i)];
        Assert.Equal(Enumerable.Range(0, 200).Where(i => i is not (5 or 7)).SelectMany(Bytes), Read(images, all));
        said.Clear();
        Open(folder, files, report: said.Add, shardBytes: shardBytes).Dispose();
        Assert.Empty(said);
    }

    [Fact]
    public void Caches_of_squares_stay_what_they_were()
    {
        // The fingerprint is of this text: a change would make every cache anew.
        Assert.Equal(
            "PixelLayout { Channels = 3, Height = 8, Width = 8, Bits = 8, Orient = False, Range =  }",
            $"{new PixelLayout(3, 8, 8)}"
        );
        using var folder = new TemporaryFolder();
        var files = Files(folder);
        new ShardFolder(folder.At("cache"), null, default)
            .Open(files, Classes, new PixelLayout(3, 8, 8), resize: true)
            .Dispose();
        using var written = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.At("cache"), ShardIndex.FileName)));
        Assert.Equal(
            ["Version", "Fingerprint", "Channels", "Height", "Width", "Bits", "ClassNames", "Shards"],
            written.RootElement.EnumerateObject().Select(field => field.Name)
        );
        Assert.Equal(
            ["File", "Labels", "Damaged", "Sha256", "Written"],
            written.RootElement.GetProperty("Shards")[0].EnumerateObject().Select(field => field.Name)
        );
    }

    [Fact]
    public void Whole_images_and_squares_of_a_folder_have_caches_of_their_own()
    {
        using var folder = new TemporaryFolder();
        foreach (var split in new[] { "train", "test" })
            for (var i = 0; i < 4; i++)
                folder.WriteImage($"data/{split}/{Classes[i % 2]}/{i}.png", 24, 16, (x, y) => Pixel(i, x, y));
        var options = new FolderOptions { Whole = true };
        var whole = new ImageFolder(folder.At("data"), 16, options: options);
        using (var splits = whole.Load())
            Assert.True(splits.Train.IsWhole && splits.Test.IsWhole);
        using (var splits = new ImageFolder(folder.At("data"), 16, stream: true).Load())
            Assert.False(splits.Train.IsWhole);
        Assert.Contains(
            "size",
            Assert.Throws<ArgumentException>(() => new ImageFolder(folder.At("data"), options: options)).Message
        );
        Assert.Throws<ArgumentException>(() => new ImageFolder(folder.At("data"), 16, stream: false, options: options));
    }
}
