namespace SimCLR.Core.Images;

/// <summary>
/// STL-10 (Coates, Lee, Ng 2011): 5,000 training and 8,000 test images of 96 x 96 pixels in 10 classes, and 100,000
/// images without labels for pretraining, from the binary version.
/// </summary>
/// <param name="root">Holds stl10_binary/, or its files.</param>
/// <param name="download">Whether to fetch it (2.6 GB, checked by MD5) into the root where it is not there.</param>
/// <param name="unlabelled">Whether pretraining sees the images without labels too, behind the training images: 2.7 GiB of memory, and as
/// much again where they are trained on.</param>
public sealed class Stl10(string root, bool download = false, bool unlabelled = true) : IImageSource
{
    internal static readonly Stl10Format Format = new(Train: 5_000, Test: 8_000, Unlabelled: 100_000);

    /// <inheritdoc/>
    public string Name => "stl10";

    /// <inheritdoc/>
    public ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default) =>
        Format.Load(root, download, unlabelled, report, cancellation);
}

/// <summary>
/// Its binary files: X holds, for each image, red, green and blue, each column by column; y holds a byte for each
/// image, from 1
/// (https://cs.stanford.edu/~acoates/stl10/).
/// </summary>
internal sealed record Stl10Format(int Train, int Test, int Unlabelled)
{
    internal const string Folder = "stl10_binary";
    private const int Side = 96;
    private const int Area = Side * Side;
    private const long MaxUnpacked = 3_500_000_000;

    private static readonly string[] Classes = "airplane bird car cat deer dog horse monkey ship truck".Split(' ');

    private static readonly RemoteFile Remote = new(
        new Uri("http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"),
        "91f7769df0f17e558f3565bffb0c7dfb",
        2_800_000_000
    );

    internal ImageSplits Load(
        string root,
        bool download,
        bool unlabelled,
        Action<string>? report,
        CancellationToken cancellation
    )
    {
        var folder = FindFolder(root, unlabelled);
        if (folder is null && download)
        {
            var archive = Path.Combine(root, "stl10_binary.tar.gz");
            Download.Ensure(Remote, archive, report, cancellation);
            report?.Invoke($"Extracting {archive}");
            Archive.Extract(archive, Folder, root, MaxUnpacked, cancellation);
            folder = FindFolder(root, unlabelled);
        }
        if (folder is null)
            throw new ImageSourceException(
                $"STL-10 was not found: {Path.Combine(root, Folder)} does not hold {string.Join(", ", Files(unlabelled))}. "
                    + $"Allow the download (--download in a script), or fetch {Remote.Address} and unpack it there (tar xzf)."
            )
            {
                IsMissing = true,
            };
        return ReadAll(folder, unlabelled, cancellation);
    }

    private static IEnumerable<string> Files(bool unlabelled) =>
        unlabelled
            ? ["train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin", "unlabeled_X.bin"]
            : ["train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin"];

    private static string? FindFolder(string root, bool unlabelled) =>
        new[] { Path.Combine(root, Folder), root }.FirstOrDefault(folder =>
            Files(unlabelled).All(file => File.Exists(Path.Combine(folder, file)))
        );

    private ImageSplits ReadAll(string folder, bool unlabelled, CancellationToken cancellation)
    {
        (string, int)[] parts = unlabelled ? [("train", Train), ("unlabeled", Unlabelled)] : [("train", Train)];
        var all = Read(folder, parts, cancellation);
        try
        {
            var test = Read(folder, [("test", Test)], cancellation);
            if (!unlabelled)
                return new ImageSplits(all, test);
            // The same memory: what has labels comes first.
            var train = new ImageSet(all.Images.narrow(0, 0, Train), all.Labels.narrow(0, 0, Train), Classes);
            return new ImageSplits(train, test) { Pretraining = all };
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    private static ImageSet Read(string folder, (string Split, int Count)[] parts, CancellationToken cancellation)
    {
        long[] labels =
        [
            .. parts.SelectMany(part =>
                part.Split == "unlabeled"
                    ? Enumerable.Repeat(-1L, part.Count)
                    : ReadLabels(folder, part.Split, part.Count)
            ),
        ];
        var pixels = new PixelBlock(labels.Length, 3, Side, Side);
        try
        {
            var first = 0;
            foreach (var (split, count) in parts)
            {
                ReadPixels(Path.Combine(folder, $"{split}_X.bin"), pixels, first, count, cancellation);
                first += count;
            }
            return pixels.ToImageSet(labels, Classes);
        }
        catch
        {
            pixels.Dispose();
            throw;
        }
    }

    private static void ReadPixels(string path, PixelBlock pixels, int first, int count, CancellationToken cancellation)
    {
        using var file = Open(path, (long)count * 3 * Area);
        var columns = new byte[3 * Area];
        for (var i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                file.ReadExactly(columns);
            }
            catch (IOException error)
            {
                throw Damaged(path, $"could not be read ({error.Message})");
            }
            Transpose(columns, pixels.Image(first + i));
        }
    }

    private static long[] ReadLabels(string folder, string split, int count)
    {
        var path = Path.Combine(folder, $"{split}_y.bin");
        using var file = Open(path, count);
        var bytes = new byte[count];
        file.ReadExactly(bytes);
        var wrong = Array.FindIndex(bytes, label => label is < 1 or > 10);
        return wrong < 0
            ? Array.ConvertAll(bytes, label => label - 1L)
            : throw Damaged(path, $"gives image {wrong} the label {bytes[wrong]}, but labels are 1 to 10");
    }

    private static FileStream Open(string path, long expected)
    {
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
            if (file.Length == expected)
                return file;
            using (file)
                throw Damaged(path, $"has {file.Length} bytes, expected {expected}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageSourceException($"{path} could not be read: {error.Message} Check its rights.", error);
        }
    }

    private static void Transpose(ReadOnlySpan<byte> columns, Span<byte> rows)
    {
        for (var c = 0; c < 3; c++)
        for (var y = 0; y < Side; y++)
        for (var x = 0; x < Side; x++)
            rows[c * Area + y * Side + x] = columns[c * Area + x * Side + y];
    }

    private static ImageSourceException Damaged(string path, string how) =>
        new($"{path} {how}: it is cut off, or not STL-10. Delete it and unpack {Remote.Address} again.");
}
