using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Labelled images of one size: in memory, or read from disk as they are needed.</summary>
public sealed class ImageSet : IDisposable
{
    private readonly Tensor? images;
    private readonly ShardedPixels? shards;

    /// <summary>Images on disk; takes ownership of both.</summary>
    internal ImageSet(ShardedPixels shards, Tensor labels, IReadOnlyList<string> classNames)
    {
        this.shards = shards;
        Labels = labels.DetachFromDisposeScope();
        ClassNames = classNames;
        (Count, Channels, Height, Width) = (shards.Count, shards.Channels, shards.Height, shards.Width);
    }

    /// <summary>Takes ownership of both tensors.</summary>
    /// <param name="images">[N, C, H, W], uint8.</param>
    /// <param name="labels">[N], int64, each in 0 .. classes - 1; -1 where there is no label.</param>
    /// <param name="classNames">One name per class.</param>
    /// <param name="targets">[N, classes], int64, of images that may show several classes: 1 shown, -1 not shown, 0 not to be
    /// counted ("difficult" in PASCAL VOC). Null where each image has one class, its label.</param>
    /// <exception cref="ArgumentException">Shapes, types or labels do not fit.</exception>
    public ImageSet(Tensor images, Tensor labels, IReadOnlyList<string> classNames, Tensor? targets = null)
    {
        if (images.dim() != 4 || images.dtype != ScalarType.Byte)
            throw new ArgumentException($"Images must be [N, C, H, W] of uint8, not {images}.");
        if (labels.dim() != 1 || labels.dtype != ScalarType.Int64 || labels.shape[0] != images.shape[0])
            throw new ArgumentException($"Labels must be [{images.shape[0]}] of int64, not {labels}.");
        if (
            targets is not null
            && (targets.dtype != ScalarType.Int64 || !targets.shape.SequenceEqual([images.shape[0], classNames.Count]))
        )
            throw new ArgumentException(
                $"Targets must be [{images.shape[0]}, {classNames.Count}] of int64, not {targets}."
            );
        this.images = images.DetachFromDisposeScope();
        Targets = targets?.DetachFromDisposeScope();
        Labels = labels.DetachFromDisposeScope();
        ClassNames = classNames;
        (Count, Channels, Height, Width) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3]);
    }

    /// <summary>Whether the images are read from disk as they are needed.</summary>
    public bool IsStreamed => shards is not null;

    /// <summary>[N, C, H, W], uint8.</summary>
    /// <exception cref="InvalidOperationException">They are on disk; see <see cref="IsStreamed"/>.</exception>
    public Tensor Images =>
        images
        ?? throw new InvalidOperationException(
            $"These {Count} images are read from disk and are not one tensor; read some with Rows or Gather."
        );

    /// <summary>[N], int64; -1 where there is no label.</summary>
    public Tensor Labels { get; }

    /// <summary>[N, classes], int64: 1 shown, -1 not shown, 0 not to be counted; null where each image has one class.</summary>
    public Tensor? Targets { get; }

    /// <summary>Class names; the label is the index.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Number of images.</summary>
    public long Count { get; }

    /// <summary>Number of channels.</summary>
    public long Channels { get; }

    /// <summary>Height in pixels.</summary>
    public long Height { get; }

    /// <summary>Width in pixels.</summary>
    public long Width { get; }

    /// <summary>The images at those indices, [B], int64: [B, C, H, W], uint8, where the images are (on the CPU for those on disk).</summary>
    public Tensor Gather(Tensor indices)
    {
        if (shards is null)
            return Images.index_select(0, indices);
        using var scope = NewDisposeScope();
        var rows = indices.cpu().data<long>().ToArray();
        var gathered = empty([rows.Length, Channels, Height, Width], ScalarType.Byte);
        shards.Read(rows, gathered.bytes);
        return gathered.MoveToOuterDisposeScope();
    }

    /// <summary>Some images in their order: [count, C, H, W], uint8.</summary>
    public Tensor Rows(long start, long count)
    {
        if (shards is null)
            return Images.narrow(0, start, count);
        using var indices = arange(start, start + count);
        return Gather(indices);
    }

    /// <summary>The images at those indices, [B], int64: a new set, in memory.</summary>
    public ImageSet Select(Tensor indices) =>
        new(Gather(indices), Labels.index_select(0, indices), ClassNames, Targets?.index_select(0, indices));

    /// <summary>The first images of every class, the same number of each as far as there are enough, in their order: a
    /// new set.</summary>
    /// <param name="count">How many in all, 1 to <see cref="Count"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not that many.</exception>
    public ImageSet Take(long count)
    {
        using var chosen = Subsets.Balanced(Labels, count);
        return Select(chosen);
    }

    /// <summary>A part of the images, drawn, the same number of each class as far as there are enough: a new set.</summary>
    /// <param name="fraction">Part, above 0 and up to 1; at least one image of each class is taken.</param>
    /// <param name="generator">Draws which, on the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of range.</exception>
    public ImageSet TakeFraction(double fraction, Generator generator)
    {
        using var chosen = Subsets.BalancedFraction(Labels, fraction, ClassNames.Count, generator);
        return Select(chosen);
    }

    /// <summary>Holds a part of every class out, to choose on: two new sets, in the order of this one.</summary>
    /// <param name="fraction">Part held out, between 0 and 1; at least one image of each class that has two.</param>
    /// <param name="generator">Draws which, on the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of range.</exception>
    public (ImageSet Train, ImageSet Validation) SplitValidation(double fraction, Generator generator)
    {
        var (train, validation) = Subsets.HoldOut(Labels, fraction, generator);
        using (train)
        using (validation)
            return (Select(train), Select(validation));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        images?.Dispose();
        shards?.Dispose();
        Labels.Dispose();
        Targets?.Dispose();
    }
}

/// <summary>The two splits of a data set. The test split measures; nothing is chosen on it.</summary>
public sealed record ImageSplits(ImageSet Train, ImageSet Test) : IDisposable
{
    /// <summary>What pretraining sees: the training images and, behind them, those without labels (-1) where the data set has some.</summary>
    public ImageSet Pretraining
    {
        get => field ?? Train;
        init;
    }

    /// <summary>The same test images, with so many to pretrain on: those with labels first, the same number of every class.</summary>
    /// <param name="count">How many, 1 to the count of <see cref="Pretraining"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not that many.</exception>
    public ImageSplits Take(long count)
    {
        if (count <= Train.Count || ReferenceEquals(Pretraining, Train))
            return new ImageSplits(Train.Take(count), Test);
        if (count > Pretraining.Count)
            throw new ArgumentOutOfRangeException(
                nameof(count),
                count,
                $"count is {count}, but there are {Pretraining.Count} images; use 1 to {Pretraining.Count}."
            );
        using var first = arange(count);
        return new ImageSplits(Train.Take(Train.Count), Test) { Pretraining = Pretraining.Select(first) };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Train.Dispose();
        Test.Dispose();
        Pretraining.Dispose();
    }
}

/// <summary>Somewhere images come from.</summary>
public interface IImageSource
{
    /// <summary>Short name, as on the command line.</summary>
    string Name { get; }

    /// <summary>Reads both splits into memory.</summary>
    /// <param name="report">Told what goes on, in words, when it takes long; may be null.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="ImageSourceException">Files are missing, damaged or not as stated; the message names the file
    /// and the remedy.</exception>
    ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default);
}

/// <summary>An image source could not be read; the message names the file and the remedy.</summary>
public sealed class ImageSourceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether nothing is wrong but that the files are not there.</summary>
    public bool IsMissing { get; init; }
}
