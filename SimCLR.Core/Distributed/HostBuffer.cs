using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>Memory of the host for numbers of a GPU, kept from one exchange to the next.</summary>
/// <param name="allocate">Makes so many numbers of a type.</param>
internal sealed class HostBuffer(Func<long, ScalarType, Tensor> allocate) : IDisposable
{
    private readonly Dictionary<ScalarType, Tensor> kept = [];

    /// <summary>Memory that a GPU copies to and from without help of the processor.</summary>
    internal static HostBuffer Pinned() =>
        new(
            (count, type) =>
            {
                using var pageable = empty([count], type, CPU);
                return pageable.pin_memory();
            }
        );

    /// <summary>A tensor of that shape and type, of any content; it holds until the next one of the type is asked for.</summary>
    internal Tensor Of(long[] shape, ScalarType type)
    {
        var count = shape.Aggregate(1L, (product, length) => product * length);
        if (!kept.TryGetValue(type, out var buffer) || buffer.numel() < count)
        {
            buffer?.Dispose();
            kept[type] = buffer = allocate(count, type).DetachFromDisposeScope();
        }
        return buffer.narrow(0, 0, count).view(shape);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in kept.Values)
            buffer.Dispose();
        kept.Clear();
    }
}
