using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class Stl10Tests
{
    private static readonly Stl10Format Format = new(Train: 3, Test: 2, Unlabelled: 4);

    [Fact]
    public void Columns_become_rows_and_labels_begin_at_0()
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        using var splits = Format.Load(folder.Root, false, true, null, default);
        Assert.Equal([3, 3, 96, 96], splits.Train.Images.shape);
        Assert.Equal([0, 9, 4], splits.Train.Labels.data<long>().ToArray());
        foreach (var (i, c, y, x) in new[] { (0, 0, 0, 0), (1, 2, 95, 0), (2, 1, 3, 70) })
            Assert.Equal(PixelOf(i, c, y, x), splits.Train.Images[i, c, y, x].item<byte>());
    }

    [Fact]
    public void Pretraining_sees_the_training_images_and_behind_them_those_without_labels()
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        using var splits = Format.Load(folder.Root, false, true, null, default);
        Assert.Equal([7, 3, 96, 96], splits.Pretraining.Images.shape);
        Assert.Equal([0, 9, 4, -1, -1, -1, -1], splits.Pretraining.Labels.data<long>().ToArray());
        foreach (var (i, c, y, x) in new[] { (0, 1, 2, 3), (2, 1, 3, 70), (3, 1, 3, 70), (6, 2, 95, 94) })
            Assert.Equal(PixelOf(i < 3 ? i : i - 3, c, y, x), splits.Pretraining.Images[i, c, y, x].item<byte>());
        Assert.Equal(3, splits.Train.Count);
    }

    [Fact]
    public void Images_without_labels_are_left_out_where_not_asked_for()
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        File.Delete(folder.At(Stl10Format.Folder, "unlabeled_X.bin"));
        using (var splits = Format.Load(folder.Root, false, false, null, default))
            Assert.Same(splits.Train, splits.Pretraining);
        var error = Assert.Throws<ImageSourceException>(() => Format.Load(folder.Root, false, true, null, default));
        Assert.Contains("unlabeled_X.bin", error.Message);
        Assert.Contains("Allow the download", error.Message);
    }

    [Fact]
    public void A_file_of_another_length_or_with_a_label_out_of_range_is_refused()
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        using (var file = File.OpenWrite(folder.At(Stl10Format.Folder, "test_X.bin")))
            file.SetLength(file.Length - 1);
        var cut = Assert.Throws<ImageSourceException>(() => Format.Load(folder.Root, false, true, null, default));
        Assert.Contains("test_X.bin has 55295 bytes, expected 55296", cut.Message);
        File.WriteAllBytes(folder.At(Stl10Format.Folder, "train_y.bin"), [1, 2, 11]);
        var label = Assert.Throws<ImageSourceException>(() => Format.Load(folder.Root, false, true, null, default));
        Assert.Contains("image 2 the label 11", label.Message);
    }

    private static byte PixelOf(int image, int c, int y, int x) => (byte)(image * 50 + c * 17 + y * 3 + x);

    private static void Write(TemporaryFolder folder)
    {
        foreach (var (name, count) in new[] { ("train", 3), ("test", 2), ("unlabeled", 4) })
        {
            using var file = File.Create(folder.At(Stl10Format.Folder, $"{name}_X.bin"));
            for (var i = 0; i < count; i++)
            for (var c = 0; c < 3; c++)
            for (var x = 0; x < 96; x++)
            for (var y = 0; y < 96; y++)
                file.WriteByte(PixelOf(i, c, y, x));
        }
        File.WriteAllBytes(folder.At(Stl10Format.Folder, "train_y.bin"), [1, 10, 5]);
        File.WriteAllBytes(folder.At(Stl10Format.Folder, "test_y.bin"), [2, 3]);
    }
}
