using SimCLR.Core.Images;
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
                        (x, y) => new Colour((byte)(x * 20), (byte)(y * 20), (byte)i)
                    ),
                    i % 2
                )),
        ];

    private static ImageSet Open(
        TemporaryFolder folder,
        IReadOnlyList<LabelledFile> files,
        Action<string>? report = null,
        CancellationToken cancellation = default,
        long shardBytes = ShardFolder.ShardBytes
    ) =>
        new ShardFolder(folder.At("cache"), report, cancellation, shardBytes).Open(
            files,
            Classes,
            new PixelLayout(3, 8, 8),
            resize: true
        );

    private static byte[] Bytes(ImageSet images)
    {
        using var all = images.Rows(0, images.Count);
        return all.bytes.ToArray();
    }

    private static byte[] InMemory(IReadOnlyList<LabelledFile> files)
    {
        using var images = new FolderReader(new PixelLayout(3, 8, 8), true, null, default).Read(files, Classes);
        return Bytes(images);
    }

    private const long TwentyImages = 20 * 3 * 8 * 8;

    private static string ShardOf(TemporaryFolder folder, int number) =>
        Path.Combine(folder.At("cache"), $"shard-{number:D5}.u8");

    /// <summary>When each shard was written.</summary>
    private static DateTime[] Times(TemporaryFolder folder) =>
        [.. Directory.GetFiles(folder.At("cache"), "*.u8").Order().Select(File.GetLastWriteTimeUtc)];

    private static string IndexOf(TemporaryFolder folder) => Path.Combine(folder.At("cache"), ShardIndex.FileName);

    [Theory]
    [InlineData("\"Height\":8", "\"Height\":4", "\"Width\":8", "\"Width\":16")]
    [InlineData("\"Damaged\":0", "\"Damaged\":1", "", "")]
    [InlineData("\"a\"", "\"c\"", "", "")]
    [InlineData("shard-00000.u8", "../cache/shard-00000.u8", "", "")]
    [InlineData("\"Label\":0", "\"Label\":1", "", "")]
    [InlineData("\"Count\":1", "\"Count\":-1", "", "")]
    [InlineData("\"Count\":1", "\"Count\":2000000000", "", "")]
    [InlineData("{\"File\"", "null,{\"File\"", "", "")]
    [InlineData("\"Version\":3", "\"Version\":2", "", "")]
    [InlineData("{\"Version\":3", "\"Version\":3", "", "")]
    public void A_damaged_index_is_told_and_made_again(string what, string by, string second, string bySecond)
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 9);
        Open(folder, files).Dispose();
        var index = IndexOf(folder);
        var text = File.ReadAllText(index);
        var at = text.IndexOf(what);
        text = text[..at] + by + text[(at + what.Length)..];
        File.WriteAllText(index, second == "" ? text : text.Replace(second, bySecond));
        var said = new List<string>();
        using var images = Open(folder, files, said.Add);
        Assert.Contains("is made again: its index is damaged", Assert.Single(said));
        Assert.Equal(InMemory(files), Bytes(images));
        Assert.Equal(files.Select(file => file.Label), images.Labels.data<long>().ToArray());
    }

    [Fact]
    public void Labels_are_kept_as_runs()
    {
        Assert.Equal([new LabelRun(3, 2), new LabelRun(0, 1), new LabelRun(3, 1)], LabelRun.Of([3, 3, 0, 3]));
        Assert.Empty(LabelRun.Of([]));
        using var folder = new TemporaryFolder();
        // Sorted by class, as a listing is.
        List<LabelledFile> files = [.. Files(folder, 40).OrderBy(file => file.Label)];
        using var images = Open(folder, files);
        Assert.Equal(files.Select(file => file.Label), images.Labels.data<long>().ToArray());
        var text = File.ReadAllText(IndexOf(folder));
        Assert.Contains("""[{"Label":0,"Count":20},{"Label":1,"Count":20}]""", text);
        Assert.DoesNotContain('\n', text);
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
        Assert.Equal(InMemory(files), File.ReadAllBytes(ShardOf(folder, 0)));
    }

    [Fact]
    public void A_second_opening_decodes_nothing()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 5);
        Open(folder, files).Dispose();
        var written = File.GetLastWriteTimeUtc(ShardOf(folder, 0));
        Open(folder, files).Dispose();
        Assert.Equal(written, File.GetLastWriteTimeUtc(ShardOf(folder, 0)));
    }

    [Fact]
    public void A_changed_file_makes_the_cache_anew()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 5);
        Open(folder, files).Dispose();
        folder.WriteImage("a/002.png", 8, 8, (_, _) => Colour.White);
        var said = new List<string>();
        using var images = Open(folder, files, said.Add);
        Assert.Contains("is made again: the images have changed", Assert.Single(said));
        Assert.Equal(InMemory(files), Bytes(images));
    }

    [Theory]
    [InlineData("flip", "is damaged: its 20 images are decoded again")]
    [InlineData("cut", "is damaged: its 20 images are decoded again")]
    [InlineData("gone", "is damaged: its 20 images are decoded again")]
    [InlineData("index", "its index is damaged or of another version")]
    public void A_damaged_shard_costs_itself_alone_and_a_damaged_index_the_cache(string damage, string told)
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 100);
        Open(folder, files, shardBytes: TwentyImages).Dispose();
        var before = Times(folder);
        var shard = ShardOf(folder, 2);
        var bytes = File.ReadAllBytes(shard);
        bytes[100] ^= 255;
        if (damage == "flip")
            File.WriteAllBytes(shard, bytes);
        if (damage == "cut")
            File.WriteAllBytes(shard, bytes[..^1]);
        if (damage == "gone")
            File.Delete(shard);
        if (damage == "index")
            File.WriteAllText(IndexOf(folder), "{ \"Version\": 3 }");
        var said = new List<string>();
        using (var images = Open(folder, files, said.Add, shardBytes: TwentyImages))
        {
            Assert.Equal(InMemory(files), Bytes(images));
            Assert.Equal(files.Select(file => file.Label), images.Labels.data<long>().ToArray());
        }
        Assert.Contains(told, said[^1]);
        var again = Enumerable.Range(0, 5).Where(i => Times(folder)[i] != before[i]);
        Assert.Equal(damage == "index" ? [0, 1, 2, 3, 4] : [2], again);
        // What was mended is whole.
        said.Clear();
        Open(folder, files, said.Add, shardBytes: TwentyImages).Dispose();
        Assert.Empty(said);
    }

    [Fact]
    public void A_damaged_shard_is_decoded_again_without_the_damaged_files_and_the_others_keep_their_places()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 200);
        foreach (var i in new[] { 25, 70 })
            File.WriteAllText(files[i].Path, "no image");
        Open(folder, files, shardBytes: TwentyImages).Dispose();
        Assert.Equal(
            [0, 1, 0, 1, 0, 0, 0, 0, 0, 0],
            ShardIndex.TryRead(folder.At("cache"))!.Shards.Select(shard => shard.Damaged)
        );
        foreach (var i in new[] { 1, 3 })
            File.Delete(ShardOf(folder, i));
        using var images = Open(folder, files, shardBytes: TwentyImages);
        Assert.Equal(InMemory(files), Bytes(images));
        var whole = files.Where((_, i) => i is not (25 or 70));
        Assert.Equal(whole.Select(file => file.Label), images.Labels.data<long>().ToArray());
    }

    [Fact]
    public void A_shard_of_which_every_file_is_damaged_is_empty()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 200);
        foreach (var i in new[] { 4, 5 })
            File.WriteAllText(files[i].Path, "no image");
        // Shards of two images.
        using var images = Open(folder, files, shardBytes: 2 * 3 * 8 * 8);
        Assert.Equal(0, new FileInfo(ShardOf(folder, 2)).Length);
        Assert.Equal(InMemory(files), Bytes(images));
        using var chosen = torch.tensor(Enumerable.Range(0, 198).Reverse().Select(i => (long)i).ToArray());
        using var gathered = images.Gather(chosen);
        Assert.Equal(InMemory(files).Chunk(3 * 8 * 8).Reverse().SelectMany(image => image), gathered.bytes.ToArray());
    }

    [Fact]
    public void A_checksum_that_was_right_is_not_taken_again()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 60);
        Open(folder, files, shardBytes: TwentyImages).Dispose();
        // As after copying.
        File.SetLastWriteTimeUtc(ShardOf(folder, 1), DateTime.UnixEpoch);
        var said = new List<string>();
        Open(folder, files, said.Add, shardBytes: TwentyImages).Dispose();
        Assert.Contains("1 of 3 files of the image cache", Assert.Single(said));
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(ShardOf(folder, 1)));
        said.Clear();
        using var images = Open(folder, files, said.Add, shardBytes: TwentyImages);
        Assert.Empty(said);
        Assert.Equal(InMemory(files), Bytes(images));
    }

    [Fact]
    public void What_earlier_makings_left_is_deleted()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 100);
        Open(folder, files, shardBytes: TwentyImages).Dispose();
        File.WriteAllText(Path.Combine(folder.At("cache"), "0123.tmp"), "half a shard");
        File.WriteAllText(Path.Combine(folder.At("cache"), "notes.txt"), "somebody's");
        Open(folder, files[..30], shardBytes: TwentyImages).Dispose();
        Assert.Equal(
            ["index.json", "lock", "notes.txt", "shard-00000.u8", "shard-00001.u8"],
            Directory.GetFiles(folder.At("cache")).Select(path => Path.GetFileName(path)).Order()
        );
    }

    [Fact]
    public void An_interrupted_making_goes_on_where_it_stopped()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 120);
        // The making is cancelled when the damaged file is told of, which is after the third of six shards is decoded.
        File.WriteAllText(files[50].Path, "no image");
        using var source = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Open(folder, files, _ => source.Cancel(), source.Token, TwentyImages)
        );
        Assert.Equal(60, ShardIndex.TryRead(folder.At("cache"))!.Sources);
        var before = Times(folder);
        Assert.Equal(3, before.Length);
        var said = new List<string>();
        using var images = Open(folder, files, said.Add, shardBytes: TwentyImages);
        Assert.Equal(InMemory(files), Bytes(images));
        // The first three shards were not written again, nor the damaged file read.
        Assert.Equal(before, Times(folder)[..3]);
        Assert.Empty(said);
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
    public void A_chosen_part_is_read_from_disk_too_and_outlives_the_whole()
    {
        using var folder = new TemporaryFolder();
        var images = Open(folder, Files(folder, 6));
        using var expected = images.Rows(3, 1);
        using var place = TorchSharp.torch.tensor(new long[] { 3 });
        using var part = images.Select(place);
        images.Dispose();
        images.Dispose(); // once is enough, twice does no harm
        Assert.True(part.IsStreamed);
        using var found = part.Rows(0, 1);
        Assert.Equal(expected.bytes.ToArray(), found.bytes.ToArray());
    }

    [Fact]
    public void Of_files_that_were_touched_those_looked_at_are_noted_before_a_cancellation()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 60);
        Open(folder, files, shardBytes: TwentyImages).Dispose();
        for (var number = 0; number < 3; number++)
            File.SetLastWriteTimeUtc(ShardOf(folder, number), DateTime.UtcNow.AddHours(-1 - number));
        File.WriteAllBytes(ShardOf(folder, 2), [1, 2, 3]);
        using var source = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Open(
                folder,
                files,
                text =>
                {
                    if (text.Contains("is damaged"))
                        source.Cancel();
                },
                source.Token,
                TwentyImages
            )
        );
        List<string> told = [];
        Open(folder, files, told.Add, shardBytes: TwentyImages).Dispose();
        Assert.StartsWith("1 of 3 files of the image cache", told[0]);
    }

    [Fact]
    public void Linked_files_are_what_they_point_to()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder, 4);
        List<LabelledFile> links = [];
        foreach (var (path, label) in files)
        {
            var link = folder.At($"links/{Classes[label]}/{Path.GetFileName(path)}");
            Directory.CreateDirectory(Path.GetDirectoryName(link)!);
            File.CreateSymbolicLink(link, path);
            links.Add(new LabelledFile(link, label));
        }
        Open(folder, links).Dispose();
        List<string> told = [];
        Open(folder, links, told.Add).Dispose();
        Assert.Empty(told);
        folder.WriteImage("a/000.png", 8, 8, (_, _) => Colour.White);
        using var changed = Open(folder, links, told.Add);
        Assert.Contains("the images have changed", told[0]);
        Assert.Equal(InMemory(files), Bytes(changed));
    }
}
