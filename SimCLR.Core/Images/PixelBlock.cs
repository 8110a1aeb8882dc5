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
    private bool handedOver;

    internal PixelBlock(long count, long channels, long height, long width, int bits = 8)
    {
        tensor = empty([count, channels, height, width], ImageSet.TypeOf(bits)).DetachFromDisposeScope();
        Count = count;
        imageBytes = checked((int)(channels * height * width * bits / 8));
        if (count == 0)
            return;
        using var first = tensor[0];
        fixed (byte* memory = first.bytes)
            start = memory; // libtorch's memory: it stays in place while the tensor lives
    }

    /// <summary>Number of images.</summary>
    internal long Count { get; }

    /// <summary>The bytes of image i, [C, H, W].</summary>
    internal Span<byte> Image(long i) =>
        i >= 0 && i < Count
            ? new Span<byte>(start + i * imageBytes, imageBytes)
            : throw new ArgumentOutOfRangeException(nameof(i), i, $"There are {Count} images.");

    /// <summary>Hands the pixels over, with one label for each of the first images; the rest are let go.</summary>
    internal ImageSet ToImageSet(long[] labels, IReadOnlyList<string> classNames)
    {
        using var scope = NewDisposeScope();
        if (labels.Length == Count)
            return new ImageSet(tensor, torch.tensor(labels), classNames);
        var kept = tensor.narrow(0, 0, labels.Length).DetachFromDisposeScope();
        tensor.Dispose();
        return new ImageSet(kept, torch.tensor(labels), classNames);
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
