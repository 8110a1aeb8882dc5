using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// Pixels of N images on their way into one tensor, of uint8, or of 16 bits in int16: readers and threads write straight into its memory, so
/// nothing is held twice and more than 2 GiB fit.
/// </summary>
internal sealed unsafe class PixelBlock : IDisposable
{
    private readonly Tensor tensor;
    private readonly byte* start;
    private readonly int imageBytes;
    private readonly int pixelBytes;
    private readonly (int Height, int Width)[]? sizes;
    private readonly long[]? ends;
    private bool handedOver;

    /// <summary>Images of one size, in that buffer's memory, or, without one, in memory of their own.</summary>
    internal PixelBlock(long count, long channels, long height, long width, int bits = 8, PixelBuffer? buffer = null)
    {
        tensor = Empty([count, channels, height, width], bits, buffer);
        Count = count;
        imageBytes = checked((int)(channels * height * width * bits / 8));
        if (count == 0)
            return;
        start = Start(tensor);
    }

    /// <summary>Images of sizes of their own, one after another, in memory as above.</summary>
    internal PixelBlock(
        IReadOnlyList<(int Height, int Width)> sizes,
        long channels,
        int bits = 8,
        PixelBuffer? buffer = null
    )
    {
        (this.sizes, Count, pixelBytes) = ([.. sizes], sizes.Count, checked((int)(channels * bits / 8)));
        ends = new long[Count];
        var end = 0L;
        for (var i = 0; i < Count; i++)
            ends[i] = end += (long)sizes[i].Height * sizes[i].Width * pixelBytes;
        tensor = Empty([end / (bits / 8)], bits, buffer);
        if (end > 0)
            start = Start(tensor);
    }

    private static Tensor Empty(long[] shape, int bits, PixelBuffer? buffer)
    {
        var type = ImageSet.TypeOf(bits);
        return (buffer?.Of(shape, type) ?? empty(shape, type, CPU)).DetachFromDisposeScope();
    }

    /// <summary>libtorch's memory: it stays in place while the tensor lives.</summary>
    private static byte* Start(Tensor tensor)
    {
        using var first = tensor[0];
        fixed (byte* memory = first.bytes)
            return memory;
    }

    /// <summary>Number of images.</summary>
    internal long Count { get; }

    /// <summary>The bytes of image i, [C, H, W].</summary>
    internal Span<byte> Image(long i) =>
        i < 0 || i >= Count ? throw new ArgumentOutOfRangeException(nameof(i), i, $"There are {Count} images.")
        : ends is null ? new Span<byte>(start + i * imageBytes, imageBytes)
        : new Span<byte>(start + First(i), (int)(ends[i] - First(i)));

    /// <summary>Whether the images have sizes of their own.</summary>
    internal bool IsWhole => sizes is not null;

    /// <summary>Height and width of image i, where each has its own; null: all have one.</summary>
    internal (int Height, int Width)? Size(long i) => sizes?[i];

    /// <summary>Moves an image to an earlier place. Images are moved in their order, to places in their order.</summary>
    internal void Move(long from, long to)
    {
        var image = Image(from);
        if (ends is null || sizes is null)
        {
            image.CopyTo(Image(to));
            return;
        }
        sizes[to] = sizes[from];
        ends[to] = First(to) + image.Length;
        image.CopyTo(Image(to));
    }

    private long First(long i) => i == 0 ? 0 : ends![i - 1];

    /// <summary>Hands the pixels over, with one label for each of the first images; the rest are let go.</summary>
    internal ImageSet ToImageSet(long[] labels, IReadOnlyList<string> classNames)
    {
        using var scope = NewDisposeScope();
        if (labels.Length == Count)
            return new ImageSet(tensor, torch.tensor(labels, device: CPU), classNames);
        var kept = tensor.narrow(0, 0, labels.Length).DetachFromDisposeScope();
        tensor.Dispose();
        return new ImageSet(kept, torch.tensor(labels, device: CPU), classNames);
    }

    /// <summary>Hands the pixels over, [N, C, H, W].</summary>
    internal Tensor ToTensor()
    {
        handedOver = true;
        using var scope = NewDisposeScope();
        scope.Attach(tensor);
        return tensor.MoveToOuterDisposeScope();
    }

    /// <summary>Lets go of pixels that were not handed over.</summary>
    public void Dispose()
    {
        if (!handedOver)
            tensor.Dispose();
    }
}
