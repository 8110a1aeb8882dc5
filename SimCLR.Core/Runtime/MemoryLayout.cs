using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Channels-last: images [N, C, H, W] whose memory is in the order N, H, W, C. libtorch's convolutions follow the strides of
/// their input, and on CPU and GPU they are faster so.
/// </summary>
public static partial class MemoryLayout
{
    /// <summary>The same values with their memory in channels-last order: a copy where it is not yet so.</summary>
    /// <param name="images">[N, C, H, W].</param>
    /// <returns>[N, C, H, W], of the same type.</returns>
    public static Tensor ChannelsLast(Tensor images)
    {
        using var scope = NewDisposeScope();
        return images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>Whether the memory of images [N, C, H, W] is dense and in channels-last order.</summary>
    internal static bool IsChannelsLast(Tensor images)
    {
        var (shape, strides) = (images.shape, images.stride());
        if (shape.Length != 4)
            return false;
        var dense = 1L;
        foreach (var dimension in new[] { 1, 3, 2, 0 })
        {
            // The stride of a dimension of size 1 means nothing.
            if (shape[dimension] != 1 && strides[dimension] != dense)
                return false;
            dense *= shape[dimension];
        }
        return true;
    }

    /// <summary>Where a tensor's numbers begin, on its device; they stay there while it lives.</summary>
    internal static IntPtr Address(Tensor tensor)
    {
        Gpu.Check(aoti_torch_get_data_ptr(tensor.Handle, out var address), nameof(aoti_torch_get_data_ptr));
        return address;
    }

    /// <summary>Puts every 4-d weight of the module into channels-last order, in place.</summary>
    public static void ToChannelsLast(nn.Module module)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var parameter in module.parameters().Where(parameter => parameter.dim() == 4))
            parameter.set_(ChannelsLast(parameter));
    }

    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_get_data_ptr(IntPtr tensor, out IntPtr address);
}
