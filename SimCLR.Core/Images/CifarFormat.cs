namespace SimCLR.Core.Images;

/// <summary>
/// The binary version of a CIFAR data set: records of label bytes, of which the last counts, and 3 x 32 x 32 bytes of
/// red, green and blue (https://www.cs.toronto.edu/~kriz/cifar.html).
/// </summary>
internal sealed record CifarFormat(
    string Title,
    RemoteFile Archive,
    string Folder,
    IReadOnlyList<string> TrainFiles,
    string TestFile,
    int RecordsPerTrainFile,
    int RecordsInTest,
    int LabelBytes,
    IReadOnlyList<string> ClassNames
)
{
    /// <summary>Side of the images in pixels.</summary>
    internal const long Side = 32;

    private const int PixelBytes = (int)(3 * Side * Side);
    private const long MaxUnpacked = 400_000_000;

    /// <summary>Whether the files are there, whatever is in them.</summary>
    internal bool IsIn(string root) => FindFolder(root) is not null;

    internal ImageSplits Load(string root, bool download, Action<string>? report, CancellationToken cancellation)
    {
        var folder = FindFolder(root);
        if (folder is null && download)
        {
            Fetch(root, report, cancellation);
            folder = FindFolder(root);
        }
        if (folder is null)
            throw Missing(root, download);
        var train = Read(folder, TrainFiles, RecordsPerTrainFile, cancellation);
        try
        {
            return new ImageSplits(train, Read(folder, [TestFile], RecordsInTest, cancellation));
        }
        catch
        {
            train.Dispose();
            throw;
        }
    }

    private string? FindFolder(string root) =>
        new[] { Path.Combine(root, Folder), root }.FirstOrDefault(folder =>
            TrainFiles.Append(TestFile).All(file => File.Exists(Path.Combine(folder, file)))
        );

    private void Fetch(string root, Action<string>? report, CancellationToken cancellation)
    {
        var archive = Path.Combine(root, Path.GetFileName(Archive.Address.LocalPath));
        Download.Ensure(Archive, archive, report, cancellation);
        report?.Invoke($"Extracting {archive}");
        Images.Archive.Extract(archive, Folder, root, MaxUnpacked, cancellation);
    }

    private ImageSourceException Missing(string root, bool downloaded)
    {
        var files = string.Join(", ", TrainFiles.Append(TestFile));
        return new ImageSourceException(
            $"{Title} was not found: {Path.Combine(root, Folder)} does not hold {files}. "
                + (
                    downloaded
                        ? $"Delete {Path.Combine(root, Folder)} and try again."
                        : $"Allow the download (--download in a script), or fetch {Archive.Address} and unpack it there (tar xzf)."
                )
        )
        {
            IsMissing = true,
        };
    }

    private ImageSet Read(
        string folder,
        IReadOnlyList<string> files,
        int recordsPerFile,
        CancellationToken cancellation
    )
    {
        var pixels = new PixelBlock(files.Count * recordsPerFile, 3, Side, Side);
        try
        {
            var labels = new long[files.Count * recordsPerFile];
            for (var i = 0; i < files.Count; i++)
                ReadFile(
                    Path.Combine(folder, files[i]),
                    pixels,
                    labels,
                    i * recordsPerFile,
                    recordsPerFile,
                    cancellation
                );
            return pixels.ToImageSet(labels, ClassNames);
        }
        catch
        {
            pixels.Dispose();
            throw;
        }
    }

    private void ReadFile(
        string path,
        PixelBlock pixels,
        long[] labels,
        int first,
        int count,
        CancellationToken cancellation
    )
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
            var expected = (long)count * (LabelBytes + PixelBytes);
            if (file.Length != expected)
                throw Damaged(path, $"has {file.Length} bytes, expected {expected} ({count} images)");
            Span<byte> label = stackalloc byte[LabelBytes];
            for (var i = first; i < first + count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                file.ReadExactly(label);
                file.ReadExactly(pixels.Image(i));
                labels[i] = label[^1];
                if (labels[i] >= ClassNames.Count)
                    throw Damaged(
                        path,
                        $"gives image {i - first} the label {labels[i]}, but labels end at {ClassNames.Count - 1}"
                    );
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageSourceException($"{path} could not be read: {error.Message} Check its rights.", error);
        }
    }

    private ImageSourceException Damaged(string path, string how) =>
        new(
            $"{path} {how}: it is cut off, or not {Title} in the binary version. "
                + $"Delete it and unpack {Archive.Address} again."
        );
}
