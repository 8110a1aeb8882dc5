using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Numbers that a training step needs on its device, copied there once and kept: while numbers are copied from ordinary memory to a GPU, the
/// process waits for all that the GPU has been given before.
/// </summary>
internal static class DeviceConstants
{
    private static readonly ConcurrentDictionary<(DeviceType, int, string), Tensor> Kept = new();

    /// <summary>The numbers, [n], float32, on the device; not to be changed or disposed.</summary>
    internal static Tensor Of(Device device, params ReadOnlySpan<float> numbers)
    {
        var key = (device.type, device.index, string.Join(' ', numbers.ToArray()));
        if (Kept.TryGetValue(key, out var kept))
            return kept;
        var made = tensor(numbers.ToArray(), device: device).DetachFromDisposeScope();
        if (Kept.TryAdd(key, made))
            return made;
        made.Dispose();
        return Kept[key];
    }
}
