using SimCLR.Core.Images;
using SkiaSharp;
using TorchSharp;

namespace SimCLR.Core.Tests.Images;

public class ShardFolderTests
{
    private static readonly string[] Classes = ["a", "b"];

    private static List<LabelledFile> Files(TemporaryFolder folder, int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new LabelledFile(
                    folder.WriteImage(
                        $"{Classes[i % 2]}/{i:D3}.png",
                        8,
                        8,
                        (x, y) => new SKColor((byte)(x * 20), (byte)(y * 20), (byte)i)
                    ),
                    i % 2
                )),
        ];

    private static ImageSet Open(
        TemporaryFolder folder,
        IReadOnlyList<LabelledFile> files,
        Action<string>? report = null,
        CancellationToken cancellation = default
    ) => new ShardFolder(folder.At("cache"), report, cancellation).Open(files, Classes, 8, 8, resize: true);

    private static byte[] Bytes(ImageSet images)
    {
        using var all = images.Rows(0, images.Count);
        return all.bytes.ToArray();
    }

    private static byte[] InMemory(IReadOnlyList<LabelledFile> files)
    {
        using var images = new FolderReader(8, 8, true, null, default).Read(files, Classes);
        return Bytes(images);
    }

    private static string Shard(TemporaryFolder folder) => Path.Combine(folder.At("cache"), "shard-00000.u8");

    [Theory]
    [InlineData("\"Height\": 8", "\"Height\": 4", "\"Width\": 8", "\"Width\": 16")]
    [InlineData("\"Sources\": 9", "\"Sources\": 8", "", "")]
    [InlineData("\"a\"", "\"c\"", "", "")]
    [InlineData("shard-00000.u8", "../cache/shard-00000.u8", "", "")]
    [InlineData("0,", "1,", "", "")]
    public void A_damaged_index_is_told_and_made_again(string what, string by, string second, string bySecond)
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 9);
        Open(folder, files).Dispose();
        var index = Path.Combine(folder.At("cache"), ShardIndex.FileName);
        var text = File.ReadAllText(index);
        // The first label, not the number of those left out.
        var at = what == "0," ? text.IndexOf(what, text.IndexOf("\"Labels\"")) : text.IndexOf(what);
        text = text[..at] + by + text[(at + what.Length)..];
        File.WriteAllText(index, second == "" ? text : text.Replace(second, bySecond));
        var said = new List<string>();
        using var images = Open(folder, files, said.Add);
        Assert.Contains(said, line => line.Contains("index of the image cache"));
        Assert.Equal(InMemory(files), Bytes(images));
        Assert.Equal(files.Select(file => file.Label), images.Labels.data<long>().ToArray());
    }

    [Fact]
    public void Images_on_disk_are_those_in_memory()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 9);
        using var images = Open(folder, files);
        Assert.True(images.IsStreamed);
        Assert.Equal((9, 3, 8, 8), (images.Count, images.Channels, images.Height, images.Width));
        Assert.Equal(InMemory(files), Bytes(images));
        Assert.Equal(files.Select(file => file.Label), images.Labels.data<long>().ToArray());
        using var chosen = torch.tensor(new long[] { 7, 0, 7 });
        using var gathered = images.Gather(chosen);
        Assert.Equal(
            [7, 0, 7],
            gathered.select(1, 2).select(1, 0).select(1, 0).data<byte>().ToArray().Select(b => (int)b)
        );
        Assert.Contains("Rows or Gather", Assert.Throws<InvalidOperationException>(() => images.Images).Message);
    }

    [Fact]
    public void A_shard_is_a_plain_file_of_pixels()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 5);
        Open(folder, files).Dispose();
        Assert.Equal(InMemory(files), File.ReadAllBytes(Shard(folder)));
    }

    [Fact]
    public void A_second_opening_decodes_nothing()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 5);
        Open(folder, files).Dispose();
        var written = File.GetLastWriteTimeUtc(Shard(folder));
        Open(folder, files).Dispose();
        Assert.Equal(written, File.GetLastWriteTimeUtc(Shard(folder)));
    }

    [Fact]
    public void A_changed_file_makes_the_cache_anew()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 5);
        Open(folder, files).Dispose();
        folder.WriteImage("a/002.png", 8, 8, (_, _) => SKColors.White);
        using var images = Open(folder, files);
        Assert.Equal(InMemory(files), Bytes(images));
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("index")]
    [InlineData("gone")]
    public void A_damaged_cache_is_made_anew(string damage)
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 5);
        Open(folder, files).Dispose();
        var bytes = File.ReadAllBytes(Shard(folder));
        bytes[100] ^= 255;
        if (damage == "flip")
            File.WriteAllBytes(Shard(folder), bytes);
        if (damage == "cut")
            File.WriteAllBytes(Shard(folder), bytes[..^1]);
        if (damage == "index")
            File.WriteAllText(Path.Combine(folder.At("cache"), ShardIndex.FileName), "{ \"Version\": 1 }");
        if (damage == "gone")
            File.Delete(Shard(folder));
        var told = new List<string>();
        using var images = Open(folder, files, told.Add);
        Assert.Equal(InMemory(files), Bytes(images));
        if (damage != "index")
            Assert.Contains("is damaged; the cache is made again", Assert.Single(told));
    }

    [Fact]
    public void An_interrupted_making_goes_on_where_it_stopped()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 5);
        // Three files were taken by a first process: its shard is there, and its index says so.
        Open(folder, files[..3]).Dispose();
        var cache = folder.At("cache");
        var index = ShardIndex.TryRead(cache)!;
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => Open(folder, files, null, stopped.Token));
        using var images = Open(folder, files);
        Assert.Equal(InMemory(files), Bytes(images));
        Assert.Equal(3, index.Sources);
        Assert.Equal(5, ShardIndex.TryRead(cache)!.Sources);
    }

    [Fact]
    public void Damaged_files_are_left_out_and_told_of_once()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 120);
        File.WriteAllText(files[3].Path, "no image");
        var told = new List<string>();
        using var images = Open(folder, files, told.Add);
        Assert.Equal(119, images.Count);
        Assert.Contains("003.png", Assert.Single(told));
    }

    [Fact]
    public void A_chosen_part_is_in_memory()
    {
        using var folder = new TemporaryFolder();
        using var images = Open(folder, Files(folder, 6));
        using var part = images.Take(4);
        Assert.False(part.IsStreamed);
        Assert.Equal(4, part.Count);
    }
}
