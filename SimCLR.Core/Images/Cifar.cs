namespace SimCLR.Core.Images;

/// <summary>
/// CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images of 32 x 32 pixels in 10 classes, from the binary
/// version, or from an image folder with the ten classes under train/ and test/.
/// </summary>
/// <param name="root">Holds cifar-10-batches-bin/, or its files, or train/ and test/.</param>
/// <param name="download">Whether to fetch the binary version (170 MB, checked by MD5) into the root where it is not
/// there.</param>
public sealed class Cifar10(string root, bool download = false) : IImageSource
{
    internal static readonly CifarFormat Format = new(
        "CIFAR-10",
        new RemoteFile(
            new Uri("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"),
            "c32a1d4ab5d03f1284b67883e8d87530",
            200_000_000
        ),
        "cifar-10-batches-bin",
        [.. Enumerable.Range(1, 5).Select(i => $"data_batch_{i}.bin")],
        "test_batch.bin",
        RecordsPerTrainFile: 10_000,
        RecordsInTest: 10_000,
        LabelBytes: 1,
        CifarNames.Ten
    );

    /// <inheritdoc/>
    public string Name => "cifar10";

    /// <inheritdoc/>
    public ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default) =>
        !Format.IsIn(root) && Directory.Exists(Path.Combine(root, "train"))
            ? LoadFolder(report, cancellation)
            : Format.Load(root, download, report, cancellation);

    private ImageSplits LoadFolder(Action<string>? report, CancellationToken cancellation)
    {
        var folder = new ImageFolder(root, size: (int)CifarFormat.Side);
        var classes = folder.ClassNames();
        if (!classes.SequenceEqual(CifarNames.Ten))
            throw new ImageSourceException(
                $"{root} is an image folder, but its classes are {string.Join(", ", classes.Take(12))}, not those of CIFAR-10 "
                    + $"({string.Join(", ", CifarNames.Ten)}). Use it as an image folder, or point to CIFAR-10."
            );
        return folder.Load(report, cancellation);
    }
}

/// <summary>
/// CIFAR-100 (Krizhevsky 2009) with its 100 fine labels: 50,000 training and 10,000 test images of 32 x 32 pixels,
/// from the binary version.
/// </summary>
/// <param name="root">Holds cifar-100-binary/, or its files.</param>
/// <param name="download">Whether to fetch it (169 MB, checked by MD5) into the root where it is not there.</param>
public sealed class Cifar100(string root, bool download = false) : IImageSource
{
    internal static readonly CifarFormat Format = new(
        "CIFAR-100",
        new RemoteFile(
            new Uri("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"),
            "03b5dce01913d631647c71ecec9e9cb8",
            200_000_000
        ),
        "cifar-100-binary",
        ["train.bin"],
        "test.bin",
        RecordsPerTrainFile: 50_000,
        RecordsInTest: 10_000,
        LabelBytes: 2,
        CifarNames.Hundred
    );

    /// <inheritdoc/>
    public string Name => "cifar100";

    /// <inheritdoc/>
    public ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default) =>
        Format.Load(root, download, report, cancellation);
}
