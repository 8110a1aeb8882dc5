using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>Copies to a device that nobody waits for.</summary>
internal static class DeviceCopy
{
    /// <summary>The tensor on the device, or itself if it is there. To a GPU it goes through pinned memory, behind what the GPU has been given before.</summary>
    internal static Tensor Of(Tensor tensor, Device device)
    {
        if (tensor.device.type == device.type)
            return tensor;
        if (device.type != DeviceType.CUDA)
            return tensor.to(device);
        using var pinned = tensor.pin_memory();
        return pinned.to(device, non_blocking: true);
    }

    /// <summary>Numbers on the CPU, [n], float32, to be brought to a device by the other methods: libtorch's own way waits.</summary>
    internal static Tensor Numbers(double[] numbers)
    {
        using var exact = tensor(numbers, device: CPU);
        return exact.to_type(ScalarType.Float32);
    }

    /// <summary>Copies numbers into a tensor of the same shape and dtype on the device.</summary>
    internal static void Into(Tensor target, Tensor numbers)
    {
        if (target.device.type != DeviceType.CUDA || numbers.device.type == DeviceType.CUDA)
        {
            target.copy_(numbers);
            return;
        }
        using var pinned = numbers.pin_memory();
        target.copy_(pinned, nonBlocking: true);
    }
}
