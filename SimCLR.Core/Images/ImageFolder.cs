using System.Security.Cryptography;
using System.Text;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Images;

/// <summary>
/// A folder of image files (JPEG, PNG, WebP, BMP, GIF): root/train/CLASS/* and root/test/CLASS/* (or val/,
/// validation/), as ImageNet and others are laid out; or root/CLASS/*, of which one image in five, by a hash of its
/// name, is a test image. Three channels, whatever the files have. A folder too large for memory is decoded once into a cache on disk and read from
/// there as it is needed (docs/image-cache.md).
/// </summary>
public sealed class ImageFolder : IImageSource
{
    /// <summary>Part of the files of a split that may be damaged; they are left out and counted.</summary>
    public const double MaxDamaged = 0.01;

    private readonly string root;
    private readonly int? size;
    private readonly double maxGiB;
    private readonly bool? stream;

    /// <summary>Describes the data; <see cref="Load"/> reads them.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="size">Side in pixels: the shorter side of each image is resized to it (antialiased), then the
    /// centre is kept. Null keeps the images as they are, and all must be of one size.</param>
    /// <param name="maxGiB">Most memory, in GiB, that the pixels of both splits may take; null: a quarter of this machine's.</param>
    /// <param name="stream">Whether the images are read from a cache on disk; null: if they need more memory than that.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size or limit is out of range.</exception>
    public ImageFolder(string root, int? size = null, double? maxGiB = null, bool? stream = null)
    {
        if (size is < 4 or > 4096)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"size is {size}; use 4 to 4096 pixels.");
        if (!(maxGiB is null or > 0))
            throw new ArgumentOutOfRangeException(nameof(maxGiB), maxGiB, $"maxGiB is {maxGiB}; use more than 0.");
        (this.root, this.size, this.stream) = (root, size, stream);
        this.maxGiB = maxGiB ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4.0 / (1L << 30);
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
        Func<IReadOnlyList<LabelledFile>, string, ImageSet> read = Streams(files, height, width)
            ? (split, name) =>
                new ShardFolder(CacheFolder(height, width, name), report, cancellation).Open(
                    split,
                    files.ClassNames,
                    height,
                    width,
                    resize: size is not null
                )
            : (split, _) =>
                new FolderReader(height, width, resize: size is not null, report, cancellation).Read(
                    split,
                    files.ClassNames
                );
        var train = read(files.Train, "train");
        try
        {
            return new ImageSplits(train, read(files.Test, "test"));
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

    private bool Streams(FolderFiles files, long height, long width)
    {
        var images = files.Train.Count + files.Test.Count;
        var needed = (double)images * 3 * height * width / (1L << 30);
        if (needed > maxGiB && stream is false)
            throw new ImageSourceException(
                $"{root}: {images} images of {width} x {height} pixels need {needed:f1} GiB of memory, more than the limit of {maxGiB:f1} GiB. "
                    + "Choose a smaller size, use fewer classes, raise the limit, or let them be streamed."
            );
        return stream ?? needed > maxGiB;
    }

    /// <summary>A folder for each source and size.</summary>
    private string CacheFolder(int height, int width, string split)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(root)));
        return UserCache.Folder("images", $"{Convert.ToHexStringLower(hash)[..16]}-{width}x{height}", split);
    }
}
