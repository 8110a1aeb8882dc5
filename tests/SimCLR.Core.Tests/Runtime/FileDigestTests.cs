using System.Security.Cryptography;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Images;

namespace SimCLR.Core.Tests.Runtime;

public class FileDigestTests
{
    private static readonly DateTime Old = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private static string Write(TemporaryFolder folder, string text, DateTime written)
    {
        var path = Path.Combine(folder.Root, "weights");
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, written);
        return path;
    }

    private static string Digest(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));

    private static string Sha256(TemporaryFolder folder, string path) =>
        FileDigest.Sha256(path, () => Path.Combine(folder.Root, "cache"));

    [Fact]
    public void A_file_of_the_same_size_and_time_is_not_read_again()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, "one", Old);
        Assert.Equal(Digest("one"), Sha256(folder, path));
        // What no file system would do without changing the time shows that the file is not read.
        Write(folder, "two", Old);
        Assert.Equal(Digest("one"), Sha256(folder, path));
    }

    [Fact]
    public void Another_size_or_time_is_another_content()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, "one", Old);
        Sha256(folder, path);
        Write(folder, "two", Old.AddTicks(1));
        Assert.Equal(Digest("two"), Sha256(folder, path));
        Write(folder, "three", Old.AddTicks(1));
        Assert.Equal(Digest("three"), Sha256(folder, path));
    }

    [Fact]
    public void A_file_that_was_just_written_is_read_each_time()
    {
        using var folder = new TemporaryFolder();
        var now = DateTime.UtcNow;
        var path = Write(folder, "one", now);
        Assert.Equal(Digest("one"), Sha256(folder, path));
        Write(folder, "two", now);
        Assert.Equal(Digest("two"), Sha256(folder, path));
    }

    [Fact]
    public void A_damaged_note_and_a_cache_that_cannot_be_written_are_no_hindrance()
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder, "one", Old);
        Sha256(folder, path);
        foreach (var note in Directory.GetFiles(Path.Combine(folder.Root, "cache")))
            File.WriteAllText(note, File.ReadAllText(note).Replace(Digest("one"), "0123"));
        Assert.Equal(Digest("one"), Sha256(folder, path));
        Assert.Equal(Digest("one"), FileDigest.Sha256(path, () => throw new IOException("no home")));
        File.WriteAllText(Path.Combine(folder.Root, "file"), "");
        Assert.Equal(Digest("one"), FileDigest.Sha256(path, () => Path.Combine(folder.Root, "file", "cache")));
    }

    [Fact]
    public void A_file_that_is_not_there_is_told_of()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<FileNotFoundException>(() => Sha256(folder, Path.Combine(folder.Root, "nothing")));
    }
}
