namespace SimCLR.Core.Images;

/// <summary>
/// A folder of image files (JPEG, PNG, WebP, BMP, GIF): root/train/CLASS/* and root/test/CLASS/* (or val/,
/// validation/), as ImageNet and others are laid out; or root/CLASS/*, of which one image in five, by a hash of its
/// name, is a test image. Three channels, whatever the files have.
/// </summary>
public sealed class ImageFolder : IImageSource
{
    /// <summary>Part of the files of a split that may be damaged; they are left out and counted.</summary>
    public const double MaxDamaged = 0.01;

    private readonly string root;
    private readonly int? size;
    private readonly double maxGiB;

    /// <summary>Describes the data; <see cref="Load"/> reads them.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="size">Side in pixels: the shorter side of each image is resized to it (antialiased), then the
    /// centre is kept. Null keeps the images as they are, and all must be of one size.</param>
    /// <param name="maxGiB">Most memory, in GiB, that the pixels of both splits may take.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size or limit is out of range.</exception>
    public ImageFolder(string root, int? size = null, double maxGiB = 16)
    {
        if (size is < 4 or > 4096)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"size is {size}; use 4 to 4096 pixels.");
        if (!(maxGiB > 0))
            throw new ArgumentOutOfRangeException(nameof(maxGiB), maxGiB, $"maxGiB is {maxGiB}; use more than 0.");
        (this.root, this.size, this.maxGiB) = (root, size, maxGiB);
    }

    /// <inheritdoc/>
    public string Name => "folder";

    /// <summary>The class names, in the order of their labels: the folders' names, sorted (ordinal).</summary>
    /// <exception cref="ImageSourceException">The folder is not laid out as stated.</exception>
    public IReadOnlyList<string> ClassNames() => FolderFiles.List(root).ClassNames;

    /// <inheritdoc/>
    public ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default)
    {
        var files = FolderFiles.List(root);
        var (height, width) = SideOf(files);
        CheckMemory(files, height, width);
        var reader = new FolderReader(height, width, resize: size is not null, report, cancellation);
        var train = reader.Read(files.Train, files.ClassNames);
        try
        {
            return new ImageSplits(train, reader.Read(files.Test, files.ClassNames));
        }
        catch
        {
            train.Dispose();
            throw;
        }
    }

    /// <summary>The size asked for, else that of the first file that can be read.</summary>
    private (int Height, int Width) SideOf(FolderFiles files)
    {
        if (size is { } side)
            return (side, side);
        foreach (var file in files.Train)
        {
            try
            {
                var (width, height) = ImageDecoder.Measure(file.Path);
                return (height, width);
            }
            catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                // Counted, and reported by name, when it is decoded.
            }
        }
        throw new ImageSourceException($"None of the {files.Train.Count} training images in {root} can be read.");
    }

    private void CheckMemory(FolderFiles files, long height, long width)
    {
        var images = files.Train.Count + files.Test.Count;
        var needed = (double)images * 3 * height * width / (1L << 30);
        if (needed > maxGiB)
            throw new ImageSourceException(
                $"{root}: {images} images of {width} x {height} pixels need {needed:f1} GiB of memory, more than the limit of {maxGiB:f1} GiB. "
                    + "Choose a smaller size, use fewer classes, or raise the limit."
            );
    }
}
