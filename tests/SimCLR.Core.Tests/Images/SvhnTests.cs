using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class SvhnTests
{
    private static byte PixelOf(int image, int c, int y, int x) => (byte)(image * 50 + c * 17 + y * 3 + x);

    /// <summary>X is 32 x 32 x 3 x images, its first dimension (rows) fastest; y is images x 1.</summary>
    private static void Write(string path, byte[] labels, int side = 32)
    {
        var pixels =
            from image in Enumerable.Range(0, labels.Length)
            from c in Enumerable.Range(0, 3)
            from x in Enumerable.Range(0, side)
            from y in Enumerable.Range(0, side)
            select PixelOf(image, c, y, x);
        MatWriter.Write(
            path,
            MatWriter.Compressed(MatWriter.Matrix("X", [side, side, 3, labels.Length], [.. pixels])),
            MatWriter.Compressed(MatWriter.Matrix("y", [labels.Length, 1], labels))
        );
    }

    private static TemporaryFolder Files(byte[]? test = null)
    {
        var folder = new TemporaryFolder();
        Write(folder.At("train_32x32.mat"), [1, 10, 4, 9, 2]);
        Write(folder.At("test_32x32.mat"), test ?? [10, 3, 7, 7, 1, 2]);
        return folder;
    }

    [Fact]
    public void Columns_become_rows_and_the_label_10_is_the_digit_0()
    {
        using var folder = Files();
        using var splits = new Svhn(folder.Root).Load();
        Assert.Equal([5, 3, 32, 32], splits.Train.Images.shape);
        Assert.Equal([1, 0, 4, 9, 2], splits.Train.Labels.data<long>().ToArray());
        Assert.Equal([0, 3, 7, 7, 1, 2], splits.Test.Labels.data<long>().ToArray());
        Assert.Equal("0", splits.Train.ClassNames[0]);
        foreach (var (i, c, y, x) in new[] { (0, 0, 0, 0), (1, 2, 31, 0), (2, 1, 3, 30), (4, 0, 17, 5) })
            Assert.Equal(PixelOf(i, c, y, x), splits.Train.Images[i, c, y, x].item<byte>());
    }

    [Fact]
    public void A_missing_file_is_named_with_where_to_fetch_it()
    {
        using var folder = Files();
        File.Delete(folder.At("test_32x32.mat"));
        var error = Assert.Throws<ImageSourceException>(() => new Svhn(folder.Root).Load());
        Assert.Contains("test_32x32.mat. Allow the download (--download in a script), or fetch http", error.Message);
    }

    [Fact]
    public void Labels_and_sizes_out_of_range_are_refused()
    {
        foreach (var label in new byte[] { 0, 11 })
        {
            using var wrong = Files(test: [1, 2, label, 3, 4]);
            var error = Assert.Throws<ImageSourceException>(() => new Svhn(wrong.Root).Load());
            Assert.Contains("labels that are not 1 to 10", error.Message);
        }
        using var folder = Files();
        Write(folder.At("train_32x32.mat"), [1, 2, 3, 4, 5], side: 28);
        var size = Assert.Throws<ImageSourceException>(() => new Svhn(folder.Root).Load());
        Assert.Contains("X is 28 x 28 x 3 x 5", size.Message);
    }

    [Fact]
    public void A_cut_off_file_is_an_error_that_names_it()
    {
        using var folder = Files();
        var path = folder.At("train_32x32.mat");
        using (var file = File.OpenWrite(path))
            file.SetLength(file.Length / 2);
        Assert.Contains(path, Assert.Throws<ImageSourceException>(() => new Svhn(folder.Root).Load()).Message);
    }

    [Fact]
    public void Images_and_labels_of_different_number_are_refused()
    {
        using var folder = Files();
        MatWriter.Write(
            folder.At("train_32x32.mat"),
            MatWriter.Matrix("X", [32, 32, 3, 5], new byte[5 * 3 * 1024]),
            MatWriter.Matrix("y", [6, 1], [1, 2, 3, 4, 5, 6])
        );
        var error = Assert.Throws<ImageSourceException>(() => new Svhn(folder.Root).Load());
        Assert.Contains("no X and y of as many images", error.Message);
    }
}
