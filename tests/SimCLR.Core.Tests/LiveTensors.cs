using static TorchSharp.torch;

namespace SimCLR.Core.Tests;

/// <summary>Counts tensors, to find those that a call leaves behind.</summary>
internal static class LiveTensors
{
    /// <summary>The live tensors of the process, after what earlier tests dropped has been finalized.</summary>
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
