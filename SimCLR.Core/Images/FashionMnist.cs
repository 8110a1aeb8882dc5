namespace SimCLR.Core.Images;

/// <summary>
/// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 60,000 training and 10,000 test images of 28 x 28 pixels, one channel,
/// in 10 classes, from the four IDX files, plain or gzipped.
/// </summary>
/// <param name="root">Holds the files; null for where Debian's package dataset-fashion-mnist puts them.</param>
/// <param name="download">Whether to fetch them (31 MB, checked by MD5) into the root where they are not there.</param>
public sealed class FashionMnist(string? root = null, bool download = false) : IImageSource
{
    /// <summary>Where Debian's package dataset-fashion-mnist puts the files.</summary>
    public const string DebianFolder = "/usr/share/datasets/fashion-mnist";

    private const int Side = 28;
    private const string Server = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

    private static readonly string[] Classes =
    [
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ];

    /// <summary>MD5 of the gzipped files, as the data set's README states them.</summary>
    private static readonly Dictionary<string, string> Checksums = new()
    {
        ["train-images-idx3-ubyte"] = "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        ["train-labels-idx1-ubyte"] = "25c81989df183df01b3e8a0aad5dffbe",
        ["t10k-images-idx3-ubyte"] = "bef4ecab320f06d8554ea6380940ec79",
        ["t10k-labels-idx1-ubyte"] = "bb300cfdad3c16e7a12a480ee83cd310",
    };

    private readonly string root = root ?? DebianFolder;

    /// <inheritdoc/>
    public string Name => "fashion-mnist";

    /// <inheritdoc/>
    public ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default)
    {
        var files = Checksums.Keys.ToDictionary(name => name, name => Find(name, report, cancellation));
        var train = Read(files["train-images-idx3-ubyte"], files["train-labels-idx1-ubyte"]);
        try
        {
            cancellation.ThrowIfCancellationRequested();
            return new ImageSplits(train, Read(files["t10k-images-idx3-ubyte"], files["t10k-labels-idx1-ubyte"]));
        }
        catch
        {
            train.Dispose();
            throw;
        }
    }

    private string Find(string name, Action<string>? report, CancellationToken cancellation)
    {
        var plain = Path.Combine(root, name);
        if (File.Exists(plain))
            return plain;
        var zipped = plain + ".gz";
        if (File.Exists(zipped))
            return zipped;
        if (!download)
            throw new ImageSourceException(
                $"Fashion-MNIST was not found: there is no {name} nor {name}.gz in {root}. On Debian and Ubuntu: "
                    + $"apt-get install dataset-fashion-mnist (into {DebianFolder}). Elsewhere: allow the download, or fetch the "
                    + $"four files from {Server} into {root}."
            )
            {
                IsMissing = true,
            };
        Download.Ensure(
            new RemoteFile(new Uri($"{Server}{name}.gz"), Checksums[name], 40_000_000),
            zipped,
            report,
            cancellation
        );
        return zipped;
    }

    private static ImageSet Read(string imagesPath, string labelsPath)
    {
        var labels = Idx.ReadLabels(labelsPath, Classes.Length);
        var pixels = Idx.ReadImages(imagesPath, Side);
        if (pixels.Count == labels.Length)
            return pixels.ToImageSet(labels, Classes);
        pixels.Dispose();
        throw Idx.Damaged(imagesPath, $"holds {pixels.Count} images, but {labelsPath} {labels.Length} labels");
    }
}
