using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Batches as views take them.</summary>
public static class ViewBatch
{
    /// <summary>[N, C, H, W] uint8 to float32 in [0, 1].</summary>
    public static Tensor FromBytes(Tensor images)
    {
        using var scope = NewDisposeScope();
        return images.to_type(ScalarType.Float32).div_(255).MoveToOuterDisposeScope();
    }
}
