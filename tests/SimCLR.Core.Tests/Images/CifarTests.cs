using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class CifarTests
{
    private const int Records = 7;

    /// <summary>The formats, but with few records.</summary>
    private static readonly CifarFormat Ten = Cifar10.Format with
    {
        RecordsPerTrainFile = Records,
        RecordsInTest = Records,
    };

    private static readonly CifarFormat Hundred = Cifar100.Format with
    {
        RecordsPerTrainFile = Records,
        RecordsInTest = Records,
    };

    [Fact]
    public void Cifar10_records_become_images_in_the_order_of_the_files()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Ten, Ten.Folder);
        using var splits = Ten.Load(folder.Root, false, null, default);
        Assert.Equal([5 * Records, 3, 32, 32], splits.Train.Images.shape);
        Assert.Equal([Records, 3, 32, 32], splits.Test.Images.shape);
        foreach (var image in new[] { 0, Records - 1, Records, 5 * Records - 1 })
        {
            Assert.Equal(LabelOf(image / Records, image % Records, 10), splits.Train.Labels[image].item<long>());
            foreach (var (c, y, x) in new[] { (0, 0, 0), (1, 0, 31), (2, 31, 5) })
                Assert.Equal(
                    PixelOf(image / Records, image % Records, (c * 32 + y) * 32 + x),
                    splits.Train.Images[image, c, y, x].item<byte>()
                );
        }
        Assert.Equal("frog", splits.Train.ClassNames[6]);
    }

    [Fact]
    public void Cifar100_takes_the_fine_label_which_is_the_second_byte()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Hundred, "."); // the files may also lie in the root itself
        using var splits = Hundred.Load(folder.Root, false, null, default);
        Assert.Equal(Records, splits.Train.Count);
        for (var i = 0; i < Records; i++)
            Assert.Equal(LabelOf(0, i, 100), splits.Train.Labels[i].item<long>());
        Assert.Equal(PixelOf(0, 2, 3071), splits.Train.Images[2, 2, 31, 31].item<byte>());
        Assert.Equal(100, splits.Train.ClassNames.Distinct().Count());
        Assert.Equal(splits.Train.ClassNames.Order(StringComparer.Ordinal), splits.Train.ClassNames);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(+1)]
    public void A_file_of_another_length_is_refused_by_name_with_the_remedy(int change)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Ten, Ten.Folder);
        var path = folder.At(Ten.Folder, "data_batch_3.bin");
        using (var file = File.OpenWrite(path))
            file.SetLength(file.Length + change);
        var error = Assert.Throws<ImageSourceException>(() => Ten.Load(folder.Root, false, null, default));
        Assert.Contains(path, error.Message);
        Assert.Contains($"{Records * 3073 + change} bytes, expected {Records * 3073}", error.Message);
        Assert.Contains("unpack", error.Message);
    }

    [Fact]
    public void A_label_out_of_range_is_refused()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Ten, Ten.Folder);
        using (var file = File.OpenWrite(folder.At(Ten.Folder, "test_batch.bin")))
        {
            file.Position = 2 * 3073;
            file.WriteByte(10);
        }
        var error = Assert.Throws<ImageSourceException>(() => Ten.Load(folder.Root, false, null, default));
        Assert.Contains("image 2 the label 10", error.Message);
    }

    [Fact]
    public void Absent_files_are_not_fetched_unless_asked_and_the_message_says_what_to_do()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<ImageSourceException>(() => new Cifar10(folder.Root).Load());
        Assert.Contains(Path.Combine(folder.Root, "cifar-10-batches-bin"), error.Message);
        Assert.Contains("Allow the download", error.Message);
        Assert.Contains("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void Cifar10_is_also_read_from_an_image_folder_with_its_ten_classes()
    {
        using var folder = new TemporaryFolder();
        foreach (var split in new[] { "train", "test" })
        foreach (var name in CifarNames.Ten)
            folder.WriteImage($"{split}/{name}/0.png", 32, 32, (x, y) => new Colour((byte)x, (byte)y, 9));
        using var splits = new Cifar10(folder.Root).Load();
        Assert.Equal(CifarNames.Ten, splits.Train.ClassNames);
        Assert.Equal([10, 3, 32, 32], splits.Test.Images.shape);
        Assert.Equal(31, splits.Train.Images[4, 0, 5, 31].item<byte>());

        folder.WriteImage("train/zebra/0.png", 32, 32, (_, _) => Colour.Pure);
        var error = Assert.Throws<ImageSourceException>(() => new Cifar10(folder.Root).Load());
        Assert.Contains("not those of CIFAR-10", error.Message);
    }

    private static long LabelOf(int file, int record, int classes) => (file * 3 + record * 17 + 1) % classes;

    private static byte PixelOf(int file, int record, int at) => (byte)(file * 31 + record * 7 + at * 13 + at / 256);

    private static void Write(TemporaryFolder folder, CifarFormat format, string into)
    {
        var files = format.TrainFiles.Append(format.TestFile).ToList();
        for (var file = 0; file < files.Count; file++)
        {
            using var stream = File.Create(folder.At(into, files[file]));
            for (var record = 0; record < Records; record++)
            {
                if (format.LabelBytes == 2)
                    stream.WriteByte(255); // the coarse label, which is not read
                stream.WriteByte((byte)LabelOf(file, record, format.ClassNames.Count));
                for (var at = 0; at < 3072; at++)
                    stream.WriteByte(PixelOf(file, record, at));
            }
        }
    }
}
