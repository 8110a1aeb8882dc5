using System.Runtime;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Keeps the garbage collector from running while tensors are computed. TorchSharp 0.107 hands a Scalar's handle to libtorch and holds
/// no reference to it during the call; a collection that another thread starts at that moment lets the finalizer free it
/// under libtorch's hands, which could give a wrong number or an exception (docs/native-lifetimes.md says what is known of it). Between steps, where no call is in progress,
/// the collector runs.
/// </summary>
/// <remarks>
/// What a step leaves to the collector is small: tensors end with their dispose scope. If more than the budget is allocated
/// between two renewals, the runtime ends the pause by itself. While other threads are in a pause of theirs, none is renewed: they may be in a call.
/// </remarks>
public sealed class CollectionPause : IDisposable
{
    private const long Budget = 128L << 20;
    private const long RenewedAfter = 4L << 20;

    private static int depth;
    private static long renewed;

    [ThreadStatic]
    private static int _own;

    private readonly int thread = Environment.CurrentManagedThreadId;

    /// <summary>Begins a pause; inside another one this goes on with it.</summary>
    public CollectionPause()
    {
        _own++;
        if (Interlocked.Increment(ref depth) == 1)
            Begin();
    }

    /// <summary>Collects and begins anew after every 4 MiB of garbage; to be called between steps. Of pauses inside one another the innermost
    /// knows when no call is in progress: it renews for all.</summary>
    public void Renew()
    {
        if (GC.GetTotalAllocatedBytes() - renewed < RenewedAfter || Volatile.Read(ref depth) > _own)
            return;
        End();
        // Beginning a pause collects only when memory is short: without this the garbage of a long run would fill the machine.
        GC.Collect();
        Begin();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (thread == Environment.CurrentManagedThreadId)
            _own--;
        if (Interlocked.Decrement(ref depth) == 0)
            End();
    }

    private static void Begin()
    {
        renewed = GC.GetTotalAllocatedBytes();
        if (GCSettings.LatencyMode != GCLatencyMode.NoGCRegion)
            GC.TryStartNoGCRegion(Budget);
    }

    private static void End()
    {
        if (GCSettings.LatencyMode != GCLatencyMode.NoGCRegion)
            return;
        try
        {
            GC.EndNoGCRegion();
        }
        catch (InvalidOperationException)
        {
            // The budget was used up, or somebody called GC.Collect: the runtime has ended it.
        }
    }
}
