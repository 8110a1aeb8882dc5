using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Pixels of images of one size, in memory or on disk, which several sets share: the last one that is disposed lets them go.</summary>
internal abstract class PixelStore(long count, long channels, long height, long width, int bits) : IDisposable
{
    private int sharers = 1;

    /// <summary>Number of images.</summary>
    internal long Count => count;

    internal long Channels => channels;
    internal long Height => height;
    internal long Width => width;

    /// <summary>Of each number, 8 or 16.</summary>
    internal int Bits => bits;

    /// <summary>[N, C, H, W], where they are in memory.</summary>
    internal virtual Tensor? Tensor => null;

    /// <summary>The images at those places, [B], int64: [B, C, H, W]; of whole images the squares at their centres.</summary>
    /// <param name="places">Which.</param>
    /// <param name="buffer">Where images that are read are to lie; null: in memory of their own.</param>
    internal abstract Tensor Gather(Tensor places, PixelBuffer? buffer = null);

    /// <summary>Whether images have sides of their own, of which the shorter ones are equal.</summary>
    internal virtual bool IsWhole => false;

    /// <summary>Heights and widths of the whole images at those places, [B, 2], int64, on the CPU.</summary>
    internal virtual Tensor Sizes(Tensor places) => throw new NotSupportedException("These images are of one size.");

    /// <summary>The whole images at those places.</summary>
    /// <param name="places">Which, [B], int64.</param>
    /// <param name="buffer">Where they are to lie; null: in memory of their own.</param>
    internal virtual WholeImages Whole(Tensor places, PixelBuffer? buffer = null) =>
        throw new NotSupportedException("These images are of one size.");

    /// <summary>The same store, to be disposed once more.</summary>
    internal PixelStore Share()
    {
        Interlocked.Increment(ref sharers);
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref sharers) == 0)
            Release();
    }

    /// <summary>Lets memory or files go.</summary>
    protected abstract void Release();
}

/// <summary>Pixels in one tensor.</summary>
internal sealed class MemoryPixels(Tensor images)
    : PixelStore(
        images.shape[0],
        images.shape[1],
        images.shape[2],
        images.shape[3],
        images.dtype == ScalarType.Byte ? 8 : 16
    )
{
    private readonly Tensor images = images.DetachFromDisposeScope();

    internal override Tensor? Tensor => images;

    internal override Tensor Gather(Tensor places, PixelBuffer? buffer = null)
    {
        using var here = places.to(images.device, copy: true);
        return images.index_select(0, here);
    }

    protected override void Release() => images.Dispose();
}
