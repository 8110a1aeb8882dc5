using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public sealed class FolderFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Files that are not looked into.</summary>
    private void Add(params string[] names)
    {
        foreach (var name in names)
            File.WriteAllText(folder.At(name.Split('/')), "");
    }

    private string Refusal() => Assert.Throws<ImageSourceException>(() => FolderFiles.List(folder.Root)).Message;

    private static string[] Names(IEnumerable<LabelledFile> files) =>
        [.. files.Select(file => $"{Path.GetFileName(file.Path)} {file.Label}")];

    [Theory]
    [InlineData("Train", "Test")]
    [InlineData("TRAINING", "val")]
    [InlineData("train", "valid")]
    [InlineData("Training", "Testing")]
    [InlineData("train", "Validation")]
    public void Splits_are_known_by_their_usual_names_in_any_case(string train, string test)
    {
        Add($"{train}/cat/1.jpg", $"{train}/dog/2.jpg", $"{test}/cat/3.jpg", $"{test}/dog/4.jpg");
        var files = FolderFiles.List(folder.Root);
        Assert.Equal(["cat", "dog"], files.ClassNames);
        Assert.Equal(["1.jpg 0", "2.jpg 1"], Names(files.Train));
        Assert.Equal(["3.jpg 0", "4.jpg 1"], Names(files.Test));
        Assert.Empty(files.Warnings);
    }

    [Fact]
    public void A_split_that_is_missing_is_named()
    {
        Add("Test/cat/1.jpg", "Test/dog/1.jpg");
        Assert.Contains("has Test/, but no train/", Refusal());
        Add("Train/cat/1.jpg");
        Directory.Delete(folder.At("Test"), recursive: true);
        Assert.Contains("has Train/, but none of test, testing, val, valid, validation", Refusal());
    }

    [Fact]
    public void Folders_of_the_same_folders_are_no_classes()
    {
        Add("part1/cat/1.jpg", "part1/dog/1.jpg", "part2/cat/1.jpg", "part2/dog/1.jpg");
        var message = Refusal();
        Assert.Contains("part1, part2 hold no images, but folders of the same names (cat, dog)", message);
        Assert.Contains("train/CLASS/*", message);
    }

    [Fact]
    public void A_class_of_folders_with_images_is_one_class_and_told_of()
    {
        Add([.. Enumerable.Range(0, 20).SelectMany(i => new[] { $"cat/a{i}/1.jpg", $"dog/{i}.jpg" })]);
        var files = FolderFiles.List(folder.Root);
        Assert.Equal(["cat", "dog"], files.ClassNames);
        Assert.Contains("1 of 2 class folders hold no images, but folders", Assert.Single(files.Warnings));
    }

    [Fact]
    public void A_single_class_is_told_of()
    {
        Add([.. Enumerable.Range(0, 20).Select(i => $"cat/{i}.jpg")]);
        Assert.Contains(
            "single class, cat: accuracies are 100 %",
            Assert.Single(FolderFiles.List(folder.Root).Warnings)
        );
    }

    [Fact]
    public void Links_within_classes_multiply_no_images()
    {
        foreach (var name in new[] { "cat", "dog" })
        foreach (var split in new[] { "train", "test" })
            Add([.. Enumerable.Range(0, 4).Select(i => $"{split}/{name}/{i}.jpg")]);
        Directory.CreateSymbolicLink(folder.At("train", "cat", "loop"), "..");
        var files = FolderFiles.List(folder.Root);
        Assert.Equal(8, files.Train.Count);
        Assert.Contains("1 linked folders within classes are not followed", Assert.Single(files.Warnings));
    }

    [Fact]
    public void Classes_and_files_may_be_links()
    {
        Add("train/cat/1.jpg", "test/cat/1.jpg", "test/dog/1.jpg", "else/2.jpg");
        Directory.CreateSymbolicLink(folder.At("train", "dog"), folder.At("else"));
        File.CreateSymbolicLink(folder.At("train", "cat", "3.jpg"), folder.At("else", "2.jpg"));
        Assert.Equal(["1.jpg 0", "3.jpg 0", "2.jpg 1"], Names(FolderFiles.List(folder.Root).Train));
    }

    [Fact]
    public void A_class_that_links_to_another_or_to_a_folder_above_is_refused()
    {
        Add("train/cat/1.jpg", "test/cat/1.jpg");
        Directory.CreateSymbolicLink(folder.At("train", "dog"), folder.At("train", "cat"));
        Assert.Contains("are one folder", Refusal());
        Directory.Delete(folder.At("train", "dog"));
        Directory.CreateSymbolicLink(folder.At("train", "dog"), "..");
        Assert.Contains("in which it lies", Refusal());
    }

    [Fact]
    public void Files_that_end_otherwise_are_counted()
    {
        Add("train/a/1.jfif", "train/a/2.TIF", "train/a/3.ppm", "train/a/4.ppm", "train/a/notes.txt", "train/b/5.jpe");
        Add("test/a/1.tiff", "test/b/2.avif");
        var files = FolderFiles.List(folder.Root);
        Assert.Equal(["1.jfif 0", "2.TIF 0", "5.jpe 1"], Names(files.Train));
        Assert.EndsWith("left out are files that end with .ppm (2), .txt (1).", Assert.Single(files.Warnings));
    }

    [Fact]
    public void Without_labels_images_of_any_folders_are_taken()
    {
        Add([.. Enumerable.Range(0, 50).Select(i => $"{i % 3}/{i % 7}/{i}.jpg")]);
        Add("at-the-top.jpg");
        var files = FolderFiles.List(folder.Root, labelled: false);
        Assert.Empty(files.ClassNames);
        Assert.Equal(51, files.Train.Count + files.Test.Count);
        Assert.InRange(files.Test.Count, 3, 20);
        Assert.All(files.Train.Concat(files.Test), file => Assert.Equal(-1, file.Label));
        Add("train/x/1.jpg", "val/2.jpg");
        var splits = FolderFiles.List(folder.Root, labelled: false);
        Assert.Equal((1, 1), (splits.Train.Count, splits.Test.Count));
    }

    [Fact]
    public void Unlabelled_images_beside_the_splits_are_for_pretraining()
    {
        Add("train/a/1.jpg", "test/a/2.jpg", "unlabeled/3.jpg", "unlabeled/x/y/4.jpg");
        var files = FolderFiles.List(folder.Root);
        Assert.Equal(["a"], files.ClassNames);
        Assert.Equal(["3.jpg -1", "4.jpg -1"], Names(files.Unlabelled));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pretraining_sees_images_with_labels_first_then_those_without(bool stream)
    {
        foreach (var (name, red) in new[] { ("train/a/1", 1), ("train/b/2", 2), ("test/a/3", 3), ("test/b/4", 4) })
            folder.WriteImage($"{name}.png", 4, 4, (_, _) => new Colour((byte)red, 0, 0));
        for (var i = 0; i < 3; i++)
            folder.WriteImage($"unlabelled/{i}.png", 4, 4, (_, _) => new Colour((byte)(10 + i), 0, 0));
        using var splits = new ImageFolder(folder.Root, size: 4, stream: stream).Load();
        Assert.Equal(stream, splits.Train.IsStreamed);
        Assert.Equal([0, 1, -1, -1, -1], splits.Pretraining.Labels.data<long>().ToArray());
        Assert.Equal([0, 1], splits.Train.Labels.data<long>().ToArray());
        using var reds = splits.Pretraining.Rows(0, 5);
        Assert.Equal([1, 2, 10, 11, 12], Enumerable.Range(0, 5).Select(i => (int)reds[i, 0, 0, 0].item<byte>()));
        using var train = splits.Train.Rows(0, 2);
        Assert.Equal(2, train[1, 0, 0, 0].item<byte>());
    }

    [Fact]
    public void What_cannot_be_read_is_counted_by_its_cause_and_told_what_to_do()
    {
        for (var i = 0; i < 20; i++)
            folder.WriteImage($"train/a/{i}.png", 4, 4, (_, _) => Colour.Gray);
        folder.WriteImage("test/a/1.png", 4, 4, (_, _) => Colour.Gray);
        Add("train/a/empty.png");
        File.WriteAllText(folder.At("train", "a", "text.jpg"), "hello");
        File.CreateSymbolicLink(folder.At("train", "a", "gone.png"), "nowhere.png");
        var told = new List<string>();
        var error = Assert.Throws<ImageSourceException>(() => new ImageFolder(folder.Root).Load(told.Add));
        Assert.Contains("3 of 23 images cannot be read (1 broken links, 1 empty, 1 no images)", error.Message);
        Assert.Contains("gone.png (a link to nowhere.png, which is not there)", error.Message);
        Assert.Contains("empty.png (the file is empty)", error.Message);
        Assert.Contains(
            "mend or delete broken links; fetch damaged and empty files again, or delete them",
            error.Message
        );
    }
}
