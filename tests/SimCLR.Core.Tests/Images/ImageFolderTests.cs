using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class ImageFolderTests
{
    private static Colour Gradient(int x, int y) => new((byte)(10 * x), (byte)(7 * y), 200);

    [Fact]
    public void Train_and_test_folders_are_read_in_ordinal_order_without_change()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "train/b/2.png", "train/b/10.png", "train/B/1.png", "test/b/1.png" })
            folder.WriteImage(name, 6, 8, (x, y) => new Colour((byte)(10 * x), (byte)(7 * y), (byte)name.Length));
        using var splits = new ImageFolder(folder.Root).Load();
        Assert.Equal(["B", "b"], splits.Train.ClassNames);
        Assert.Equal([3, 3, 8, 6], splits.Train.Images.shape);
        Assert.Equal([0, 1, 1], splits.Train.Labels.data<long>().ToArray());
        Assert.Equal([1], splits.Test.Labels.data<long>().ToArray());
        Assert.Equal("train/b/10.png".Length, splits.Train.Images[1, 2, 0, 0].item<byte>()); // 10 comes before 2
        Assert.Equal(50, splits.Train.Images[0, 0, 3, 5].item<byte>());
        Assert.Equal(49, splits.Train.Images[0, 1, 7, 0].item<byte>());
    }

    [Theory]
    [InlineData(PictureFormat.Jpeg, "jpeg", 6)]
    [InlineData(PictureFormat.Png, "PNG", 0)]
    [InlineData(PictureFormat.Webp, "webp", 8)]
    public void Every_format_gives_the_colours_that_were_drawn(PictureFormat format, string extension, int tolerance)
    {
        using var folder = new TemporaryFolder();
        foreach (var split in new[] { "train", "val" })
            folder.WriteImage($"{split}/c/1.{extension}", 16, 16, (_, _) => new Colour(200, 60, 120), format);
        using var splits = new ImageFolder(folder.Root).Load();
        foreach (var (c, expected) in new[] { (0, 200), (1, 60), (2, 120) })
            Assert.InRange(splits.Test.Images[0, c, 8, 8].item<byte>(), expected - tolerance, expected + tolerance);
    }

    [Fact]
    public void Transparency_is_dropped_and_gray_fills_three_channels()
    {
        using var folder = new TemporaryFolder();
        folder.WriteImage("train/c/clear.png", 4, 4, (_, _) => new Colour(200, 60, 120, 128));
        var path = folder.At("test", "c", "gray.png");
        using (var level = NetVips.Image.NewFromMemory(new byte[16], 4, 4, 1, NetVips.Enums.BandFormat.Uchar))
        using (var levels = level + 90)
        using (var bytes = levels.Cast(NetVips.Enums.BandFormat.Uchar))
            File.WriteAllBytes(path, bytes.PngsaveBuffer());
        using var splits = new ImageFolder(folder.Root).Load();
        Assert.Equal(
            [200, 60, 120],
            Enumerable.Range(0, 3).Select(c => (int)splits.Train.Images[0, c, 1, 1].item<byte>())
        );
        Assert.Equal(
            [90, 90, 90],
            Enumerable.Range(0, 3).Select(c => (int)splits.Test.Images[0, c, 1, 1].item<byte>())
        );
    }

    [Theory]
    [InlineData(40, 24, 8)]
    [InlineData(9, 30, 16)]
    [InlineData(13, 13, 5)]
    public void Resizing_equals_a_slow_triangle_filter(int width, int height, int size)
    {
        using var folder = new TemporaryFolder();
        byte Red(int x, int y) => (byte)(x * 37 + y * 91 + x * y % 7 * 20);
        foreach (var split in new[] { "train", "test" })
            folder.WriteImage($"{split}/c/1.png", width, height, (x, y) => new Colour(Red(x, y), 9, 250));
        using var splits = new ImageFolder(folder.Root, size).Load();
        Assert.Equal([1, 3, size, size], splits.Train.Images.shape);
        for (var y = 0; y < size; y++)
        for (var x = 0; x < size; x++)
        {
            var expected = SlowResize(Red, width, height, size, x, y);
            Assert.InRange(splits.Train.Images[0, 0, y, x].item<byte>(), expected - 0.51, expected + 0.51);
            Assert.Equal(9, splits.Train.Images[0, 1, y, x].item<byte>());
        }
    }

    [Fact]
    public void Images_of_several_sizes_need_a_size()
    {
        using var folder = new TemporaryFolder();
        folder.WriteImage("train/c/1.png", 8, 8, Gradient);
        folder.WriteImage("train/c/2.png", 9, 8, Gradient);
        folder.WriteImage("test/c/1.png", 8, 8, Gradient);
        var error = Assert.Throws<ImageSourceException>(() => new ImageFolder(folder.Root).Load());
        Assert.Contains("2.png has 9 x 8 pixels", error.Message);
        Assert.Contains("State a size", error.Message);
        using var splits = new ImageFolder(folder.Root, size: 8).Load();
        Assert.Equal([2, 3, 8, 8], splits.Train.Images.shape);
    }

    [Fact]
    public void A_few_damaged_files_are_left_out_and_counted()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 400; i++)
            folder.WriteImage(
                $"train/c/{i:d3}.png",
                16,
                16,
                (_, y) => y == 0 ? new Colour((byte)(i / 2), 0, 0) : Gradient(i, y)
            );
        folder.WriteImage("test/c/1.png", 16, 16, Gradient);
        File.WriteAllText(folder.At("train", "c", "000.png"), "no image");
        var cutPng = Cut(folder.At("train", "c", "100.png"));
        var cutJpeg = Cut(folder.WriteImage("train/c/101.jpg", 16, 16, Gradient, PictureFormat.Jpeg));
        File.WriteAllBytes(folder.At("train", "c", "399.png"), []);

        var told = new List<string>();
        using var splits = new ImageFolder(folder.Root).Load(told.Add);
        Assert.Equal(397, splits.Train.Count);
        Assert.Equal(397, splits.Train.Labels.shape[0]);
        var reds = Enumerable.Range(0, 397).Select(i => (int)splits.Train.Images[i, 0, 0, 0].item<byte>());
        Assert.Equal(Enumerable.Range(0, 400).Where(i => i is not (0 or 100 or 399)).Select(i => i / 2), reds);
        Assert.Contains("4 of 401 images cannot be read", told[^1]);
        Assert.Contains(cutPng, told[^1]);
        Assert.Contains(cutJpeg, told[^1]);
    }

    private static string Cut(string path)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(file.Length * 3 / 4);
        return path;
    }

    [Fact]
    public void More_damaged_files_than_one_in_a_hundred_are_an_error_that_names_them()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 50; i++)
            folder.WriteImage($"train/c/{i:d3}.png", 4, 4, Gradient);
        folder.WriteImage("test/c/1.png", 4, 4, Gradient);
        var path = folder.At("train", "c", "007.png");
        File.WriteAllText(path, "no image");
        var error = Assert.Throws<ImageSourceException>(() => new ImageFolder(folder.Root).Load());
        Assert.Contains("1 of 50", error.Message);
        Assert.Contains(path, error.Message);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_an_error_that_names_it_and_no_damaged_image()
    {
        using var folder = new TemporaryFolder();
        var files = Enumerable
            .Range(0, 200)
            .Select(i => new LabelledFile(folder.WriteImage($"{i:d3}.png", 4, 4, Gradient), 0))
            .ToList();
        // A folder in a file's place cannot be read, whatever the rights of whoever runs the test.
        var path = folder.At("c.png");
        Directory.CreateDirectory(path);
        var reader = new FolderReader(new PixelLayout(3, 4, 4), true, null, default);
        var error = Assert.Throws<ImageSourceException>(() =>
            reader.Read([.. files, new LabelledFile(path, 0)], ["c"])
        );
        Assert.StartsWith($"{path} could not be read", error.Message);
    }

    [Fact]
    public void More_memory_than_the_limit_is_refused_before_reading()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("train", "c", "1.png"), "never read");
        File.WriteAllText(folder.At("test", "c", "1.png"), "never read");
        var error = Assert.Throws<ImageSourceException>(() =>
            new ImageFolder(folder.Root, 4096, maxGiB: 0.05, stream: false).Load()
        );
        Assert.Contains("need 0.1 GiB", error.Message);
        Assert.Contains("smaller size", error.Message);
    }

    [Fact]
    public void Without_splits_one_image_in_five_is_held_out_by_its_name()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 200; i++)
            folder.WriteImage($"{(i % 2 == 0 ? "cat" : "dog")}/{i}.png", 4, 4, (_, _) => new Colour((byte)i, 0, 0));
        var before = TestReds(folder);
        Assert.InRange(before.Length, 25, 55);
        folder.WriteImage("cat/another.png", 4, 4, (_, _) => new Colour(255, 0, 0));
        folder.WriteImage("ant/1.png", 4, 4, (_, _) => new Colour(255, 0, 0));
        Assert.Equal(before, TestReds(folder));
    }

    [Fact]
    public void A_split_by_name_is_pinned()
    {
        // First bytes of SHA-256 by sha256sum: 1a and 00, which are test images (below 256 / 5), 6a and f5, which are not.
        Assert.Equal(
            [true, true, false, false],
            new[] { "cat/0.png", "dog/7.png", "cat/1.png", "dog/3.png" }.Select(FolderFiles.IsTest)
        );
    }

    [Fact]
    public void A_folder_of_another_layout_is_refused_with_the_layout_wanted()
    {
        using var folder = new TemporaryFolder();
        void Fails(string part) =>
            Assert.Contains(
                part,
                Assert.Throws<ImageSourceException>(() => new ImageFolder(folder.Root).Load()).Message
            );
        Assert.Contains(
            "is not a folder",
            Assert.Throws<ImageSourceException>(() => new ImageFolder(folder.At("nowhere")).Load()).Message
        );
        Fails("no class folders");
        folder.WriteImage("train/c/1.png", 4, 4, Gradient);
        Fails("none of test, testing, val, valid, validation");
        folder.WriteImage("test/d/1.png", 4, 4, Gradient);
        Fails("has classes that");
        Directory.CreateDirectory(folder.At("train", "d"));
        File.WriteAllText(folder.At("train", "e", "readme.txt"), "no image");
        Fails("1 of its 3 classes: e");
    }

    /// <summary>The red values of the test images, which tell them apart, but for those that are 255.</summary>
    private static int[] TestReds(TemporaryFolder folder)
    {
        using var splits = new ImageFolder(folder.Root).Load();
        Assert.True(splits.Train.Count > splits.Test.Count);
        return Enumerable
            .Range(0, (int)splits.Test.Count)
            .Select(i => (int)splits.Test.Images[i, 0, 0, 0].item<byte>())
            .Where(red => red < 255)
            .ToArray();
    }

    /// <summary>Antialiased bilinear resize of the centre, one pixel, in double: weights 1 - |distance| / support,
    /// normalised.</summary>
    private static double SlowResize(Func<int, int, byte> source, int width, int height, int size, int x, int y)
    {
        var scale = Math.Min(width, height) / (double)size;
        var support = Math.Max(1, scale);
        var centreX = (width - size * scale) / 2 + (x + 0.5) * scale;
        var centreY = (height - size * scale) / 2 + (y + 0.5) * scale;
        var (sum, weights) = (0.0, 0.0);
        for (var v = 0; v < height; v++)
        for (var u = 0; u < width; u++)
        {
            var weight =
                Math.Max(0, 1 - Math.Abs(u + 0.5 - centreX) / support)
                * Math.Max(0, 1 - Math.Abs(v + 0.5 - centreY) / support);
            sum += weight * source(u, v);
            weights += weight;
        }
        return sum / weights;
    }

    [Fact]
    public void A_folder_read_with_and_without_labels_has_two_caches()
    {
        var layout = new PixelLayout(3, 8, 8);
        string Of(bool labelled) =>
            new ImageFolder("images", 8, options: new FolderOptions { Labelled = labelled }).CacheFolder(
                layout,
                "train"
            );
        Assert.NotEqual(Of(true), Of(false));
    }
}
