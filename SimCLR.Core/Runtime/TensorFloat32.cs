using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>
/// What GPUs from Ampere on do with products of float32: TF32 rounds their inputs to 10 bits of mantissa, and is several times as fast. libtorch's switches for
/// convolutions and for matrix products, which hold for the whole process.
/// </summary>
internal static class TensorFloat32
{
    /// <summary>Sets both as a precision asks for them: as libtorch has them by default, in convolutions alone, but for <see cref="Precision.Tf32"/> and
    /// <see cref="Precision.Ieee"/>. Nothing is set for a processor.</summary>
    internal static void Set(Precision asked, Device device)
    {
        if (device.type != DeviceType.CUDA)
            return;
        backends.cudnn.allow_tf32 = asked != Precision.Ieee;
        backends.cuda.matmul.allow_tf32 = asked == Precision.Tf32;
    }
}
