using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>
/// Where the weight gradient of a convolution is a product of patches: a fixed rule by shape, number format and processor, so that a run's numbers do not depend
/// on a measurement of the day. Its bounds are what <c>./simclr bench convolutions</c> found (benchmarks/RESULTS.md).
/// </summary>
/// <remarks>
/// In bfloat16 oneDNN's weight gradient is slow where maps are small; and its threads wait for each other so often that it takes ten times as long or
/// more as soon as other programs compute too, which a product does not. In float32, and forward and of data in both formats, oneDNN is as fast or faster.
/// Measured on Intel's processors with AMX; on others libtorch computes all.
/// </remarks>
internal static class ConvolutionRule
{
    /// <summary>SIMCLR_CONVOLUTIONS=library leaves all to libtorch.</summary>
    private static readonly bool IsAllowed = Environment.GetEnvironmentVariable("SIMCLR_CONVOLUTIONS") != "library";

    /// <summary>Whether weight gradients are products where that is faster.</summary>
    internal static bool IsOn { get; set; } = IsAllowed && Processor.Flags.Contains("amx_bf16");

    /// <summary>Whether all of every convolution is products: on a processor where oneDNN is left out (<see cref="OneDnn"/>), as libtorch's own convolutions take six
    /// times as long.</summary>
    internal static bool AllAreProducts => IsAllowed && Processor.HidesCaches && PixelPass.IsOn;

    /// <summary>Whether it is, for a square kernel of that side at so many places of an image.</summary>
    internal static bool IsFasterByPatches(long kernel, long places, ScalarType type) =>
        IsOn && type == ScalarType.BFloat16 && IsFasterInBFloat16(kernel, places);

    /// <summary>Patches of a large map are many times the map, and cost more than they gain.</summary>
    internal static bool IsFasterInBFloat16(long kernel, long places) => kernel == 1 || places <= 64;
}
