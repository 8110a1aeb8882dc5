using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>What the choice of a way depends on.</summary>
/// <param name="Input">Channels in.</param>
/// <param name="Kernel">Side of the kernel.</param>
/// <param name="Stride">Pixels from one place to the next.</param>
/// <param name="Places">Places of the kernel in an image: OH · OW.</param>
internal readonly record struct ConvolutionShape(long Input, long Kernel, long Stride, long Places);

/// <summary>
/// Where the weight gradient of a convolution is a product of patches: a fixed rule by shape, number format and processor, so that a run's numbers do not depend
/// on a measurement of the day. Its bounds are what <c>./simclr bench convolutions</c> found (benchmarks/RESULTS.md).
/// </summary>
/// <remarks>
/// In bfloat16 oneDNN's weight gradient is slow where maps are small or strided; and its threads wait for each other so often that it takes ten times as long or
/// more as soon as other programs compute too, which a product does not. In float32, and forward and of data in both formats, oneDNN is as fast or faster.
/// Measured on Intel's processors with AMX; on others libtorch computes all.
/// </remarks>
internal static class ConvolutionRule
{
    /// <summary>SIMCLR_CONVOLUTIONS=library leaves all to libtorch.</summary>
    internal static bool IsOn { get; set; } =
        Environment.GetEnvironmentVariable("SIMCLR_CONVOLUTIONS") != "library" && Processor.Flags.Contains("amx_bf16");

    internal static bool IsFasterByPatches(ConvolutionShape shape, ScalarType type) =>
        IsOn && type == ScalarType.BFloat16 && IsFasterInBFloat16(shape);

    /// <summary>Patches of a large map are many times the map: they cost more than they gain, but where the kernel is one pixel or its places are few.</summary>
    internal static bool IsFasterInBFloat16(ConvolutionShape shape) => shape.Kernel == 1 || shape.Places <= 64;
}
