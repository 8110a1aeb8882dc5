using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Memory on the CPU for one batch of pixels after another: new memory for each would leave holes in the C library's heap, which grows by them.</summary>
internal sealed class PixelBuffer : IDisposable
{
    private Tensor? memory;

    /// <summary>Bytes of it.</summary>
    internal long Bytes => memory is null ? 0 : memory.numel() * memory.element_size();

    /// <summary>Tensors of that shape in this memory, which overwrite each other; each is to be disposed by itself, and may outlive the buffer. Where it is too small it is made anew,
    /// somewhat larger than needed when batches differ in size.</summary>
    internal Tensor Of(long[] shape, ScalarType type)
    {
        var numbers = shape.Aggregate(1L, (product, side) => product * side);
        if (memory is null || memory.dtype != type || memory.numel() < numbers)
        {
            var before = memory?.dtype == type ? memory.numel() : 0;
            memory?.Dispose();
            memory = empty([Math.Max(numbers, before + before / 8)], type, CPU).DetachFromDisposeScope();
        }
        using var part = memory.narrow(0, 0, numbers);
        return part.view(shape);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        memory?.Dispose();
        memory = null;
    }
}
