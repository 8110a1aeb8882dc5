using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// Images of one size, in memory or read from disk as they are needed, and their labels: rows of a store of pixels, which sets that
/// were chosen from another share with it. Choosing copies no pixels.
/// </summary>
public sealed class ImageSet : IDisposable
{
    private const long PartBytes = 256L << 20;

    private readonly PixelStore store;
    private readonly Tensor? rows; // [N], int64: places in the store; null: all, in order.
    private bool isDisposed;
    private Tensor? chosen; // Images of a set that was chosen, once they were asked for.

    /// <summary>Takes ownership of all.</summary>
    internal ImageSet(
        PixelStore store,
        Tensor labels,
        IReadOnlyList<string> classNames,
        Tensor? targets = null,
        Tensor? rows = null
    )
    {
        (this.store, this.rows) = (store, rows?.DetachFromDisposeScope());
        Targets = targets?.DetachFromDisposeScope();
        Labels = labels.DetachFromDisposeScope();
        ClassNames = classNames;
        Count = rows?.shape[0] ?? store.Count;
    }

    /// <summary>Takes ownership of the tensors.</summary>
    /// <param name="images">[N, C, H, W], uint8; or int16 with the bits of unsigned numbers of 16 bits.</param>
    /// <param name="labels">[N], int64, each in 0 .. classes - 1; -1 where there is no label.</param>
    /// <param name="classNames">One name per class.</param>
    /// <param name="targets">[N, classes], int64, of images that may show several classes: 1 shown, -1 not shown, 0 not to be
    /// counted ("difficult" in PASCAL VOC). Null where each image has one class, its label.</param>
    /// <exception cref="ArgumentException">Shapes, types or labels do not fit.</exception>
    public ImageSet(Tensor images, Tensor labels, IReadOnlyList<string> classNames, Tensor? targets = null)
        : this(new MemoryPixels(Checked(images, labels, classNames, targets)), labels, classNames, targets) { }

    private static Tensor Checked(Tensor images, Tensor labels, IReadOnlyList<string> classNames, Tensor? targets)
    {
        if (images.dim() != 4 || images.dtype is not (ScalarType.Byte or ScalarType.Int16))
            throw new ArgumentException($"Images must be [N, C, H, W] of uint8 or int16, not {images}.");
        if (labels.dim() != 1 || labels.dtype != ScalarType.Int64 || labels.shape[0] != images.shape[0])
            throw new ArgumentException($"Labels must be [{images.shape[0]}] of int64, not {labels}.");
        if (
            targets is not null
            && (targets.dtype != ScalarType.Int64 || !targets.shape.SequenceEqual([images.shape[0], classNames.Count]))
        )
            throw new ArgumentException(
                $"Targets must be [{images.shape[0]}, {classNames.Count}] of int64, not {targets}."
            );
        return images;
    }

    /// <summary>Whether the images are read from disk as they are needed.</summary>
    public bool IsStreamed => store.Tensor is null;

    /// <summary>All images, [N, C, H, W], uint8; of 16 bits int16 (<see cref="Bits"/>). Those of a set that was chosen are copied, once.</summary>
    /// <exception cref="InvalidOperationException">They are on disk; see <see cref="IsStreamed"/>.</exception>
    public Tensor Images =>
        store.Tensor is not { } all
            ? throw new InvalidOperationException(
                $"These {Count} images are read from disk and are not one tensor; read some with Rows or Gather."
            )
        : rows is null ? all
        : chosen ??= store.Gather(rows).DetachFromDisposeScope();

    /// <summary>Labels, [N], int64; -1 where there is no label.</summary>
    public Tensor Labels { get; }

    /// <summary>What each image shows, [N, classes], int64: 1 shown, -1 not shown, 0 not to be counted; null where each image has one class.</summary>
    public Tensor? Targets { get; }

    /// <summary>Class names; the label is the index.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Number of images.</summary>
    public long Count { get; }

    /// <summary>Number of channels.</summary>
    public long Channels => store.Channels;

    /// <summary>Bits of each number: 8 in uint8, or 16, without sign, in int16: libtorch has no such type to compute with.</summary>
    public int Bits => store.Bits;

    /// <summary>Height in pixels; of whole images that of the squares at their centres.</summary>
    public long Height => store.Height;

    /// <summary>Width in pixels; of whole images that of the squares at their centres.</summary>
    public long Width => store.Width;

    /// <summary>Whether the images are whole (<see cref="FolderOptions.Whole"/>): each has sides of its own. Training crops them; whatever else asks for images gets the
    /// squares at their centres.</summary>
    public bool IsWhole => store.IsWhole;

    /// <summary>The images at those indices, [B], int64: [B, C, H, W], of their type, where the images are (on the CPU for those on disk).</summary>
    public Tensor Gather(Tensor indices) => Gather(indices, null);

    /// <summary>The same; images on disk in that memory, if it is given.</summary>
    internal Tensor Gather(Tensor indices, PixelBuffer? buffer)
    {
        using var places = Places(indices);
        return store.Gather(places, buffer);
    }

    /// <summary>The whole images at those indices, [B], int64, in that memory, if it is given.</summary>
    internal WholeImages Whole(Tensor indices, PixelBuffer? buffer = null)
    {
        using var places = Places(indices);
        return store.Whole(places, buffer);
    }

    /// <summary>Heights and widths of the whole images at those indices, [B, 2], int64, on the CPU.</summary>
    internal Tensor Sizes(Tensor indices)
    {
        using var places = Places(indices);
        return store.Sizes(places);
    }

    private Tensor Places(Tensor indices)
    {
        if (rows is null)
            return indices.alias();
        using var here = indices.to(rows.device, copy: true);
        return rows.index_select(0, here);
    }

    /// <summary>Some images in their order: [count, C, H, W], of their type.</summary>
    /// <param name="start">The first of them, from 0.</param>
    /// <param name="count">How many.</param>
    public Tensor Rows(long start, long count)
    {
        if (store.Tensor is { } all && rows is null)
            return all.narrow(0, start, count);
        using var indices = arange(start, start + count, device: CPU);
        return Gather(indices);
    }

    /// <summary>The images at those indices, [B], int64: a new set, of the same pixels.</summary>
    public ImageSet Select(Tensor indices)
    {
        using var scope = NewDisposeScope();
        var here = indices.cpu();
        return new ImageSet(
            store.Share(),
            Labels.index_select(0, indices.to(Labels.device)),
            ClassNames,
            Targets?.index_select(0, indices.to(Targets.device)),
            rows is null ? here.clone() : rows.index_select(0, here)
        );
    }

    /// <summary>All images: another set, of the same pixels, to be disposed by itself.</summary>
    internal ImageSet Share()
    {
        using var scope = NewDisposeScope();
        return new ImageSet(store.Share(), Labels.alias(), ClassNames, Targets?.alias(), rows?.alias());
    }

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

    /// <summary>A copy of the pixels on a device, made in parts.</summary>
    internal ImageSet To(Device device)
    {
        using var scope = NewDisposeScope();
        var copy = empty([Count, Channels, Height, Width], TypeOf(Bits), device);
        var part = Math.Max(1, PartBytes / (Channels * Height * Width * Bits / 8));
        for (var start = 0L; start < Count; start += part)
        {
            var count = Math.Min(part, Count - start);
            using var some = Rows(start, count);
            copy.narrow(0, start, count).copy_(some);
        }
        return new ImageSet(copy, Labels.to(device).alias(), ClassNames, Targets?.to(device).alias());
    }

    /// <summary>What holds numbers of 8 or 16 bits.</summary>
    internal static ScalarType TypeOf(int bits) => bits == 8 ? ScalarType.Byte : ScalarType.Int16;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref isDisposed, true))
            return;
        store.Dispose();
        rows?.Dispose();
        chosen?.Dispose();
        Labels.Dispose();
        Targets?.Dispose();
    }
}

/// <summary>The two splits of a data set.</summary>
/// <param name="Train">Images to train on, with labels.</param>
/// <param name="Test">Images to measure on; nothing is chosen on them.</param>
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
        using var first = arange(count, device: CPU);
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

/// <summary>A source of images: a data set, or a folder.</summary>
public interface IImageSource
{
    /// <summary>Short name, as on the command line.</summary>
    string Name { get; }

    /// <summary>Reads both splits, into memory, or into a cache on disk where they are large.</summary>
    /// <param name="report">Told what goes on, in words, when it takes long; may be null.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="ImageSourceException">Files are missing, damaged or not as stated; the message names the file
    /// and the remedy.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default);
}

/// <summary>The error that an image source could not be read; the message names the file and the remedy.</summary>
public sealed class ImageSourceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether nothing is wrong but that the files are not there.</summary>
    public bool IsMissing { get; init; }

    /// <summary>The message: it says what is wrong and what to do, and a stack would hide it.</summary>
    public override string ToString() => Message;
}
