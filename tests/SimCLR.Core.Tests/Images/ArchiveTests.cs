using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class ArchiveTests
{
    [Fact]
    public void Files_and_folders_below_the_top_folder_are_extracted()
    {
        using var folder = new TemporaryFolder();
        var archive = Write(folder, FileEntry("top/a.bin", "one"), FileEntry("./top/deep/b.bin", "two"));
        Archive.Extract(archive, "top", folder.Root, 100);
        Assert.Equal("one", File.ReadAllText(folder.At("top", "a.bin")));
        Assert.Equal("two", File.ReadAllText(folder.At("top", "deep", "b.bin")));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Root).Length); // the archive and its folder: nothing else is left
    }

    [Theory]
    [InlineData("../evil.bin")]
    [InlineData("top/../../evil.bin")]
    [InlineData("/tmp/evil.bin")]
    [InlineData("top//evil.bin")]
    [InlineData("top\\evil.bin")]
    [InlineData("C:/evil.bin")]
    [InlineData("other/evil.bin")]
    public void A_path_outside_the_top_folder_is_refused_and_nothing_is_left(string name)
    {
        using var folder = new TemporaryFolder();
        var archive = Write(folder, FileEntry("top/good.bin", "good"), FileEntry(name, "evil"));
        var error = Assert.Throws<ImageSourceException>(() => Archive.Extract(archive, "top", folder.Root, 100));
        Assert.Contains(name, error.Message);
        Assert.Equal([archive], Directory.GetFileSystemEntries(folder.Root));
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.CharacterDevice)]
    public void Links_and_devices_are_refused(TarEntryType type)
    {
        using var folder = new TemporaryFolder();
        var entry = new PaxTarEntry(type, "top/link");
        if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            entry.LinkName = "/etc/passwd";
        var error = Assert.Throws<ImageSourceException>(() =>
            Archive.Extract(Write(folder, entry), "top", folder.Root, 100)
        );
        Assert.Contains($"a {type}", error.Message);
        Assert.False(Directory.Exists(folder.At("top")));
    }

    [Fact]
    public void More_bytes_than_stated_are_refused()
    {
        using var folder = new TemporaryFolder();
        var archive = Write(folder, FileEntry("top/a", new string('x', 60)), FileEntry("top/b", new string('x', 41)));
        var error = Assert.Throws<ImageSourceException>(() => Archive.Extract(archive, "top", folder.Root, 100));
        Assert.Contains("more than 100 bytes", error.Message);
        Assert.False(Directory.Exists(folder.At("top")));
        Archive.Extract(archive, "top", folder.Root, 101);
        Assert.True(File.Exists(folder.At("top", "b")));
    }

    [Fact]
    public void A_cut_or_garbled_archive_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var random = new byte[100_000];
        new Random(1).NextBytes(random);
        var archive = Write(folder, FileEntry("top/a", Convert.ToHexString(random)));
        using (var file = File.OpenWrite(archive))
            file.SetLength(file.Length / 2);
        var cut = Assert.Throws<ImageSourceException>(() => Archive.Extract(archive, "top", folder.Root, 1_000_000));
        Assert.Contains(archive, cut.Message);
        File.WriteAllText(archive, "this is no archive");
        var garbled = Assert.Throws<ImageSourceException>(() =>
            Archive.Extract(archive, "top", folder.Root, 1_000_000)
        );
        Assert.Contains("fetch it again", garbled.Message);
        Assert.Equal([archive], Directory.GetFileSystemEntries(folder.Root));
    }

    internal static PaxTarEntry FileEntry(string name, string text) =>
        new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) };

    private static string Write(TemporaryFolder folder, params PaxTarEntry[] entries)
    {
        var path = folder.At("archive.tar.gz");
        using var zipped = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        using var writer = new TarWriter(zipped);
        foreach (var entry in entries)
            writer.WriteEntry(entry);
        return path;
    }
}
