using System.IO.Compression;
using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class FashionMnistTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Plain_and_gzipped_files_become_one_channel_images(bool zipped)
    {
        using var folder = new TemporaryFolder();
        WriteAll(folder, zipped);
        using var splits = new FashionMnist(folder.Root).Load();
        Assert.Equal([12, 1, 28, 28], splits.Train.Images.shape);
        Assert.Equal([5, 1, 28, 28], splits.Test.Images.shape);
        Assert.Equal(PixelOf(3, 27 * 28 + 1), splits.Train.Images[3, 0, 27, 1].item<byte>());
        Assert.Equal([0, 1, 2, 3, 4], splits.Test.Labels.data<long>().ToArray());
        Assert.Equal("ankle boot", splits.Train.ClassNames[9]);
    }

    [Theory]
    [InlineData("t10k-images-idx3-ubyte", -1, "ends too early")]
    [InlineData("t10k-images-idx3-ubyte", +1, "goes on after its last item")]
    [InlineData("train-labels-idx1-ubyte", -1, "ends too early")]
    [InlineData("train-images-idx3-ubyte", -9400, "ends too early")]
    public void A_file_of_another_length_is_refused_by_name(string name, int change, string why)
    {
        using var folder = new TemporaryFolder();
        WriteAll(folder, zipped: false);
        var path = folder.At(name);
        using (var file = File.OpenWrite(path))
            file.SetLength(file.Length + change);
        var error = Assert.Throws<ImageSourceException>(() => new FashionMnist(folder.Root).Load());
        Assert.Contains(path, error.Message);
        Assert.Contains(why, error.Message);
        Assert.Contains("fetch it again", error.Message);
    }

    [Fact]
    public void A_cut_gzip_file_is_refused()
    {
        using var folder = new TemporaryFolder();
        WriteAll(folder, zipped: true);
        using (var file = File.OpenWrite(folder.At("train-images-idx3-ubyte.gz")))
            file.SetLength(file.Length / 2);
        var error = Assert.Throws<ImageSourceException>(() => new FashionMnist(folder.Root).Load());
        Assert.Contains("train-images-idx3-ubyte.gz", error.Message);
    }

    [Theory]
    [InlineData(3, 4, "begins with 00000804")] // four dimensions
    [InlineData(4, 0x7f, "items, expected 1 to")]
    [InlineData(4, 0xff, "items, expected 1 to")]
    [InlineData(11, 29, "images of 29 x 28")]
    public void A_header_that_does_not_fit_is_refused(int at, byte value, string why)
    {
        using var folder = new TemporaryFolder();
        WriteAll(folder, zipped: false);
        using (var file = File.OpenWrite(folder.At("train-images-idx3-ubyte")))
        {
            file.Position = at;
            file.WriteByte(value);
        }
        Assert.Contains(why, Assert.Throws<ImageSourceException>(() => new FashionMnist(folder.Root).Load()).Message);
    }

    [Fact]
    public void Labels_that_do_not_fit_the_images_are_refused()
    {
        using var folder = new TemporaryFolder();
        WriteAll(folder, zipped: false);
        WriteLabels(folder.At("train-labels-idx1-ubyte"), Enumerable.Repeat((byte)1, 11).ToArray());
        var counts = Assert.Throws<ImageSourceException>(() => new FashionMnist(folder.Root).Load());
        Assert.Contains("holds 12 images", counts.Message);
        WriteLabels(folder.At("train-labels-idx1-ubyte"), [1, 10]);
        var range = Assert.Throws<ImageSourceException>(() => new FashionMnist(folder.Root).Load());
        Assert.Contains("item 1 the label 10", range.Message);
    }

    [Fact]
    public void Absent_files_are_reported_with_the_ways_to_get_them()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<ImageSourceException>(() => new FashionMnist(folder.Root).Load());
        Assert.Contains("apt-get install dataset-fashion-mnist", error.Message);
        Assert.Contains("allow the download", error.Message);
    }

    [Fact]
    public void The_real_files_of_the_Debian_package_are_read()
    {
        Assert.SkipUnless(
            Directory.Exists(FashionMnist.DebianFolder),
            $"{FashionMnist.DebianFolder} is absent: apt-get install dataset-fashion-mnist"
        );
        using var splits = new FashionMnist().Load();
        Assert.Equal([60_000, 1, 28, 28], splits.Train.Images.shape);
        Assert.Equal([10_000, 1, 28, 28], splits.Test.Images.shape);
        Assert.Equal(
            Enumerable.Repeat(6_000, 10),
            splits.Train.Labels.data<long>().ToArray().CountBy(l => l).Select(c => c.Value)
        );
        // The first test image is known to be an ankle boot, the first training images a boot and a T-shirt.
        Assert.Equal(
            [9L, 9L, 0L],
            new[]
            {
                splits.Test.Labels[0].item<long>(),
                splits.Train.Labels[0].item<long>(),
                splits.Train.Labels[1].item<long>(),
            }
        );
    }

    private static byte PixelOf(int image, int at) => (byte)(image * 11 + at * 3 + at / 28);

    private static void WriteAll(TemporaryFolder folder, bool zipped)
    {
        foreach (var (split, count) in new[] { ("train", 12), ("t10k", 5) })
        {
            var images = folder.At($"{split}-images-idx3-ubyte");
            using (var file = File.Create(images))
            {
                file.Write([0, 0, 8, 3, 0, 0, 0, (byte)count, 0, 0, 0, 28, 0, 0, 0, 28]);
                for (var i = 0; i < count; i++)
                    file.Write(Enumerable.Range(0, 784).Select(at => PixelOf(i, at)).ToArray());
            }
            var labels = folder.At($"{split}-labels-idx1-ubyte");
            WriteLabels(labels, Enumerable.Range(0, count).Select(i => (byte)(i % 10)).ToArray());
            if (zipped)
                foreach (var path in new[] { images, labels })
                    Zip(path);
        }
    }

    private static void WriteLabels(string path, byte[] labels) =>
        File.WriteAllBytes(path, [0, 0, 8, 1, 0, 0, 0, (byte)labels.Length, .. labels]);

    private static void Zip(string path)
    {
        using (var zipped = new GZipStream(File.Create(path + ".gz"), CompressionLevel.Fastest))
            zipped.Write(File.ReadAllBytes(path));
        File.Delete(path);
    }
}
