using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Some images of sizes of their own, as they are kept, on the CPU.</summary>
internal sealed class WholeImages : IDisposable
{
    private readonly (int Height, int Width)[] sizes;
    private readonly long[] ends;

    /// <summary>Takes ownership of the pixels.</summary>
    /// <param name="pixels">One image [C, H, W] after another, uint8, or int16 with the bits of unsigned numbers.</param>
    /// <param name="sizes">Height and width of each.</param>
    /// <param name="channels">C.</param>
    internal WholeImages(Tensor pixels, IReadOnlyList<(int Height, int Width)> sizes, long channels)
    {
        (Pixels, this.sizes, Channels) = (pixels.DetachFromDisposeScope(), [.. sizes], channels);
        ends = new long[this.sizes.Length];
        var end = 0L;
        for (var i = 0; i < ends.Length; i++)
            ends[i] = end += channels * sizes[i].Height * sizes[i].Width;
    }

    /// <summary>All of them, [numbers].</summary>
    internal Tensor Pixels { get; }

    /// <summary>C.</summary>
    internal long Channels { get; }

    /// <summary>Number of images.</summary>
    internal long Count => sizes.Length;

    /// <summary>Where the pixels of an image begin, and its height and width.</summary>
    internal (long Start, int Height, int Width) Place(int image) =>
        (First(image), sizes[image].Height, sizes[image].Width);

    /// <summary>Some of them; a view of these pixels, to be disposed by itself.</summary>
    internal WholeImages Narrow(long start, long count)
    {
        var (from, to) = (First((int)start), First((int)(start + count)));
        return new WholeImages(
            Pixels.narrow(0, from, to - from),
            sizes.AsSpan((int)start, (int)count).ToArray(),
            Channels
        );
    }

    /// <inheritdoc/>
    public void Dispose() => Pixels.Dispose();

    private long First(int image) => image == 0 ? 0 : ends[image - 1];
}
