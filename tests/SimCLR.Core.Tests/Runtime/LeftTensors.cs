using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Runtime;

/// <summary>Counts, exactly, the tensors that have come since it began and are still there. What earlier tests left to the finalizer has gone
/// by then, and until it is disposed the garbage collector rests: it would take such as are left behind for such as were disposed.</summary>
internal sealed class LeftTensors : IDisposable
{
    private readonly CollectionPause pause;
    private readonly int collections;
    private readonly long before;

    internal LeftTensors()
    {
        // What one finalizer lets go of, the next collection finds.
        for (var round = 0; round < 2; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        pause = new CollectionPause();
        // Where memory is short, the beginning of a pause collects.
        GC.WaitForPendingFinalizers();
        (collections, before) = (GC.CollectionCount(0), Tensor.TotalCount);
    }

    /// <summary>How many they are.</summary>
    internal long Count
    {
        get
        {
            var count = Tensor.TotalCount - before;
            Assert.True(
                GC.CollectionCount(0) == collections,
                "The collector has run: nothing is known of what is left."
            );
            return count;
        }
    }

    public void Dispose() => pause.Dispose();
}
