using SimCLR.Core.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Kernels;

/// <summary>What batch norm, the residual sum and the ReLU as one operation ask for on every device.</summary>
internal static class FusedNorm
{
    /// <summary>Whether the norm computes a batch's statistics, keeps a running mean of them and has a scale and a shift, and the maps are dense and channels-last.</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="residual">What is added; null: nothing.</param>
    internal static bool Fits(NormBase norm, Tensor x, Tensor? residual) =>
        norm
            is {
                training: true,
                weight: not null,
                bias: not null,
                running_mean: not null,
                running_var: not null,
                momentum: not null
            }
        && MemoryLayout.IsChannelsLast(x)
        && (residual is null || (residual.dtype == x.dtype && MemoryLayout.IsChannelsLast(residual)));
}
