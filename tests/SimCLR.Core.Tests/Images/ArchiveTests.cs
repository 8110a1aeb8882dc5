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
    [InlineData(TarEntryType.SymbolicLink, "symbolic link")]
    [InlineData(TarEntryType.HardLink, "hard link")]
    [InlineData(TarEntryType.Fifo, "pipe")]
    [InlineData(TarEntryType.CharacterDevice, "character device")]
    [InlineData(TarEntryType.BlockDevice, "block device")]
    public void Links_and_devices_are_refused(TarEntryType type, string kind)
    {
        using var folder = new TemporaryFolder();
        var entry = new PaxTarEntry(type, "top/link");
        if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            entry.LinkName = "/etc/passwd";
        var error = Assert.Throws<ImageSourceException>(() =>
            Archive.Extract(Write(folder, entry), "top", folder.Root, 100)
        );
        Assert.Contains($"a {kind}", error.Message);
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

    [Fact]
    public void A_link_and_a_file_behind_it_do_not_lead_outside()
    {
        using var folder = new TemporaryFolder();
        var outside = folder.At("outside", "kept.bin");
        var link = new PaxTarEntry(TarEntryType.SymbolicLink, "top/link")
        {
            LinkName = Path.GetDirectoryName(outside)!,
        };
        var archive = Write(folder, link, FileEntry("top/link/kept.bin", "evil"));
        Assert.Throws<ImageSourceException>(() => Archive.Extract(archive, "top", folder.Root, 100));
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(outside)!));
    }

    [Fact]
    public void Every_format_of_tar_and_long_names_are_read()
    {
        var name = "top/" + string.Join('/', Enumerable.Repeat(new string('n', 60), 3)) + "/a.bin";
        foreach (
            var format in new[] { TarEntryFormat.V7, TarEntryFormat.Ustar, TarEntryFormat.Pax, TarEntryFormat.Gnu }
        )
        {
            using var folder = new TemporaryFolder();
            var inside = format == TarEntryFormat.V7 ? "top/a.bin" : name;
            var archive = folder.At("archive.tar.gz");
            using (var zipped = new GZipStream(File.Create(archive), CompressionLevel.Fastest))
            using (var writer = new TarWriter(zipped, format))
            {
                var source = folder.At("source.bin");
                File.WriteAllText(source, "content");
                writer.WriteEntry(source, inside);
            }
            Archive.Extract(archive, "top", folder.Root, 100);
            Assert.Equal("content", File.ReadAllText(folder.At(inside.Split('/'))));
        }
    }

    [Theory]
    [InlineData('x')]
    [InlineData('g')]
    [InlineData('L')]
    [InlineData('K')]
    public void Notes_that_claim_to_be_huge_take_no_memory(char type)
    {
        using var folder = new TemporaryFolder();
        var header = new byte[1024];
        "top/a"u8.CopyTo(header);
        "17777777777"u8.CopyTo(header.AsSpan(124)); // 2 GiB in octal digits
        header[156] = (byte)type;
        WriteSum(header.AsSpan(0, 512));
        var archive = folder.At("archive.tar.gz");
        using (var zipped = new GZipStream(File.Create(archive), CompressionLevel.Fastest))
            zipped.Write(header);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<ImageSourceException>(() => Archive.Extract(archive, "top", folder.Root, 1_000_000));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000_000);
        Assert.Contains("2147483647 bytes of notes", error.Message);
    }

    [Theory]
    [InlineData(124, "\u0080\0\0\0\0\0\0\0\0\0\0\u0007", true)] // GNU's binary size
    [InlineData(124, "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff", false)] // -1
    [InlineData(124, "\u0080\0\0\0\u0080\0\0\0\0\0\0\0", false)] // more than an int64 holds
    [InlineData(124, "000000000x7\0", false)]
    [InlineData(148, "\u0080\0\0\0\0\0\0\0", false)] // a checksum in binary
    public void Numbers_of_a_header_are_read_or_refused(int at, string field, bool valid)
    {
        using var folder = new TemporaryFolder();
        var tar = Unzipped(Write(folder, FileEntry("top/a", "content")));
        var header = tar.AsSpan(1024, 512); // after the extended header and its notes
        Assert.Equal((byte)'0', header[156]);
        Encoding.Latin1.GetBytes(field).CopyTo(header[at..]);
        if (at != 148)
            WriteSum(header);
        var archive = folder.At("archive.tar.gz");
        using (var zipped = new GZipStream(File.Create(archive), CompressionLevel.Fastest))
            zipped.Write(tar);
        if (valid)
            Archive.Extract(archive, "top", folder.Root, 1_000);
        else
            Assert.Throws<ImageSourceException>(() => Archive.Extract(archive, "top", folder.Root, 1_000));
        Assert.Equal(valid, File.Exists(Path.Combine(folder.Root, "top", "a")));
    }

    private static void WriteSum(Span<byte> header)
    {
        header.Slice(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var value in header)
            sum += value;
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
    }

    [Fact]
    public void A_bomb_is_stopped_at_the_limit()
    {
        // 128 MiB of zeros pack into half a MiB; of what is unpacked nothing may stay.
        using var folder = new TemporaryFolder();
        var archive = folder.At("archive.tar.gz");
        using (var zipped = new GZipStream(File.Create(archive), CompressionLevel.Fastest))
        using (var writer = new TarWriter(zipped))
            for (var i = 0; i < 8; i++)
                writer.WriteEntry(
                    new PaxTarEntry(TarEntryType.RegularFile, $"top/{i}")
                    {
                        DataStream = new MemoryStream(new byte[16 << 20]),
                    }
                );
        var error = Assert.Throws<ImageSourceException>(() => Archive.Extract(archive, "top", folder.Root, 40 << 20));
        Assert.Contains("unpacks to more than", error.Message);
        Assert.Equal([archive], Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void An_archive_without_its_end_or_with_a_wrong_checksum_is_refused()
    {
        using var folder = new TemporaryFolder();
        var archive = Write(folder, FileEntry("top/a", "content"));
        var whole = File.ReadAllBytes(archive);
        whole[^6] ^= 1; // in the checksum of gzip's trailer
        File.WriteAllBytes(archive, whole);
        Assert.Throws<ImageSourceException>(() => Archive.Extract(archive, "top", folder.Root, 1_000));
        var tar = Unzipped(Write(folder, FileEntry("top/a", "content")));
        using (var zipped = new GZipStream(File.Create(archive), CompressionLevel.Fastest))
            zipped.Write(tar.AsSpan(0, tar.Length - 1024)); // all but the end marker
        Assert.Throws<ImageSourceException>(() => Archive.Extract(archive, "top", folder.Root, 1_000));
        Assert.Equal([archive], Directory.GetFileSystemEntries(folder.Root));
    }

    private static byte[] Unzipped(string archive)
    {
        using var zipped = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress);
        using var all = new MemoryStream();
        zipped.CopyTo(all);
        return all.ToArray();
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
