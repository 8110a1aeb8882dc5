using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Drawn numbers of a batch where libtorch keeps them: while the dispose scope lasts in which this was made.</summary>
/// <remarks>A copy of them would be an allocation for every image.</remarks>
internal readonly unsafe struct Drawn<T>
    where T : unmanaged
{
    private readonly T* _start;
    private readonly long _count;

    /// <summary>The numbers of a tensor of the CPU, in their order.</summary>
    /// <param name="tensor">A parameter.</param>
    internal Drawn(Tensor tensor)
    {
        var type =
            typeof(T) == typeof(bool) ? ScalarType.Bool
            : typeof(T) == typeof(long) ? ScalarType.Int64
            : ScalarType.Float32;
        var numbers = tensor.to(type).contiguous();
        _count = numbers.numel();
        if (_count == 0)
            return;
        fixed (byte* memory = numbers.bytes)
            _start = (T*)memory;
    }

    internal T this[long index] =>
        (ulong)index < (ulong)_count
            ? _start[index]
            : throw new ArgumentOutOfRangeException(nameof(index), index, null);
}
