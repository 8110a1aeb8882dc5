using System.Security.Cryptography;
using System.Text;
using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// A folder of image files (JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF): root/train/CLASS/* and root/test/CLASS/* (or val/,
/// validation/), as ImageNet and others are laid out; or root/CLASS/*, of which one image in five, by a hash of its
/// name, is a test image. unlabelled/* beside train/ and test/ is pretrained on, too. What is kept of the files is said by options. A folder too large for memory is decoded once into a cache on disk and read from
/// there as it is needed (docs/image-cache.md).
/// </summary>
public sealed class ImageFolder : IImageSource
{
    /// <summary>Part of the files of a split that may be damaged; they are left out and counted.</summary>
    public const double MaxDamaged = 0.01;

    /// <summary>The variable of the environment that says how many processes share this machine.</summary>
    public const string SharersVariable = "SIMCLR_WORKERS";

    /// <summary>How many processes share this machine, this one among them.</summary>
    public static int Sharers =>
        int.TryParse(Environment.GetEnvironmentVariable(SharersVariable), out var count) ? Math.Max(1, count) : 1;

    private readonly string root;
    private readonly int? size;
    private readonly double maxGiB;
    private readonly bool? stream;
    private readonly FolderOptions options;

    /// <summary>Describes the data; <see cref="Load"/> reads them.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="size">Side in pixels: the shorter side of each image is resized to it (antialiased), then the
    /// centre is kept. Null keeps the images as they are, and all must be of one size.</param>
    /// <param name="maxGiB">Most memory, in GiB, that the pixels of both splits may take; null: a quarter of this machine's, divided by the processes that share it.</param>
    /// <param name="stream">Whether the images are read from a cache on disk; null: if they need more memory than that.</param>
    /// <param name="options">How the files are read; null: as colour of 8 bits.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size or limit is out of range.</exception>
    /// <exception cref="ArgumentException">Whole images have no size, or are to be in memory.</exception>
    public ImageFolder(
        string root,
        int? size = null,
        double? maxGiB = null,
        bool? stream = null,
        FolderOptions? options = null
    )
    {
        if (size is < 4 or > 4096)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"size is {size}; use 4 to 4096 pixels.");
        if (!(maxGiB is null or > 0))
            throw new ArgumentOutOfRangeException(nameof(maxGiB), maxGiB, $"maxGiB is {maxGiB}; use more than 0.");
        (this.root, this.size, this.stream) = (root, size, stream);
        this.options = options ?? new FolderOptions();
        if (this.options.Whole && size is null)
            throw new ArgumentException("Whole images need a size, of their shorter sides.", nameof(size));
        if (this.options.Whole && stream is false)
            throw new ArgumentException("Whole images are read from disk; leave stream out.", nameof(stream));
        this.maxGiB = maxGiB ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4.0 / Sharers / (1L << 30);
    }

    /// <inheritdoc/>
    public string Name => "folder";

    /// <summary>The class names, in the order of their labels: the folders' names, sorted (ordinal).</summary>
    /// <exception cref="ImageSourceException">The folder is not laid out as stated.</exception>
    public IReadOnlyList<string> ClassNames() => FolderFiles.List(root, options.Labelled).ClassNames;

    /// <summary>A fingerprint of the content: of all files' names, labels and lengths, and of a part of some. Another place or time changes nothing.</summary>
    /// <exception cref="ImageSourceException">The folder is not laid out as stated, or cannot be read.</exception>
    public string Fingerprint()
    {
        try
        {
            return FolderFingerprint.Of(root, FolderFiles.List(root, options.Labelled));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageSourceException($"{root} could not be read: {error.Message} Check its rights.", error);
        }
    }

    /// <summary>Width and height of some images below a folder, of those that can be read.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="count">How many at most.</param>
    public static IReadOnlyList<(int Width, int Height)> SomeSizes(string root, int count = 32)
    {
        var sizes = new List<(int, int)>();
        if (!Directory.Exists(root))
            return sizes;
        var deep = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 16 };
        foreach (var path in Directory.EnumerateFiles(root, "*", deep))
        {
            if (sizes.Count == count)
                break;
            if (!FolderFiles.Extensions.Contains(Path.GetExtension(path)))
                continue;
            try
            {
                var found = ImageDecoder.Measure(path);
                sizes.Add((found.Width, found.Height));
            }
            catch (Exception error)
                when (error is UnreadableImageException or IOException or UnauthorizedAccessException)
            {
                // Told of, by name, when it is decoded.
            }
        }
        return sizes;
    }

    /// <inheritdoc/>
    public ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default)
    {
        var files = FolderFiles.List(root, options.Labelled, cancellation);
        foreach (var warning in files.Warnings)
            report?.Invoke(warning);
        PixelDepth.Check(root, files.Train, options, report);
        var layout = LayoutOf(files);
        var streams = Streams(files, layout);
        ImageSet Read(IReadOnlyList<LabelledFile> split, string name) =>
            streams
                ? new ShardFolder(CacheFolder(layout, name), report, cancellation).Open(
                    split,
                    files.ClassNames,
                    layout,
                    resize: size is not null
                )
                : new FolderReader(layout, resize: size is not null, report, cancellation).Read(
                    split,
                    files.ClassNames
                );
        if (files.Unlabelled.Count == 0)
            return Both(Read(files.Train, "train"), () => Read(files.Test, "test"));
        var all = Read([.. files.Train, .. files.Unlabelled], "pretraining");
        var splits = Both(Labelled(all), () => Read(files.Test, "test"), all);
        return splits with { Pretraining = all };
    }

    /// <summary>The first set and the one to be read, or none of them.</summary>
    private static ImageSplits Both(ImageSet train, Func<ImageSet> test, params IReadOnlyList<ImageSet> others)
    {
        try
        {
            return new ImageSplits(train, test());
        }
        catch
        {
            foreach (var set in others.Append(train))
                set.Dispose();
            throw;
        }
    }

    /// <summary>Those with labels, of the same pixels.</summary>
    private static ImageSet Labelled(ImageSet all)
    {
        using var scope = NewDisposeScope();
        return all.Select(all.Labels.ge(0).nonzero().flatten());
    }

    /// <summary>The size asked for, else that of the first file that can be read.</summary>
    private PixelLayout LayoutOf(FolderFiles files)
    {
        if (size is { } side)
            return options.Layout(side, side);
        foreach (var file in files.Train)
        {
            try
            {
                var found = ImageDecoder.Measure(file.Path, options.FollowOrientation);
                return options.Layout(found.Height, found.Width);
            }
            catch (Exception error)
                when (error is UnreadableImageException or IOException or UnauthorizedAccessException)
            {
                // Counted, and reported by name, when it is decoded.
            }
        }
        throw new ImageSourceException($"None of the {files.Train.Count} training images in {root} can be read.");
    }

    private bool Streams(FolderFiles files, PixelLayout layout)
    {
        var images = files.Train.Count + files.Test.Count + files.Unlabelled.Count;
        var needed = (double)images * layout.Bytes / (1L << 30);
        if (needed > maxGiB && stream is false)
            throw new ImageSourceException(
                $"{root}: {images} images of {layout.Width} x {layout.Height} pixels need {needed:f1} GiB of memory, more than the limit of {maxGiB:f1} GiB. "
                    + "Choose a smaller size, use fewer classes, raise the limit, or let them be streamed."
            );
        return stream ?? (layout.Whole || needed > maxGiB);
    }

    /// <summary>A folder for each source and layout.</summary>
    internal string CacheFolder(PixelLayout layout, string split)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(root)));
        return UserCache.Folder(
            "images",
            $"{Convert.ToHexStringLower(hash)[..16]}-{layout.Width}x{layout.Height}{Kind(layout)}{(options.Labelled ? "" : "-unlabelled")}",
            split
        );
    }

    private static string Kind(PixelLayout layout) =>
        layout.Whole ? $"{Kind(layout with { Whole = false })}-whole"
        : layout == new PixelLayout(3, layout.Height, layout.Width) ? ""
        : FormattableString.Invariant(
            $"-{layout.Channels}x{layout.Bits}-{layout.Range?.Low}-{layout.Range?.High}{(layout.Orient ? "-o" : "")}"
        );
}
