using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>The device's work of a step: done operation by operation, or, on a GPU and once it is the same at every step, recorded and launched as a whole.</summary>
/// <remarks>A graph has memory of its own, beside what libtorch keeps of the steps before it: it is made where that much again is free.</remarks>
internal sealed class StepGraph(Device device, Func<BatchViews, Tensor> work)
{
    /// <summary>Steps before the recording: at the first ones libtorch and cuDNN make what they keep.</summary>
    private const int Warmup = 3;

    private int steps;
    private bool fits = true;
    private CudaGraph? graph;
    private BatchViews? batch;
    private Tensor? figures;

    /// <summary>Takes a step.</summary>
    /// <param name="next">The batch and the parameters of its views.</param>
    /// <param name="steady">Whether the work is the same as at other steady steps, but for what is copied.</param>
    /// <returns>What the work gives.</returns>
    internal Tensor Take(BatchViews next, bool steady)
    {
        // A graph is recorded in a stream of the first GPU.
        if (
            !steady
            || device.type != DeviceType.CUDA
            || device.index > 0
            || ++steps <= Warmup
            || !CudaGraph.IsAvailable
            || !fits
        )
            return work(next);
        if (graph is null && !Record(next))
            return work(next);
        batch!.Take(next);
        graph!.Replay();
        return figures!.clone();
    }

    /// <summary>Gives the graph's memory back; it is recorded again when it is needed.</summary>
    internal void Forget()
    {
        graph?.Dispose();
        batch?.Dispose();
        figures?.Dispose();
        (graph, batch, figures, steps, fits) = (null, null, null, 0, true);
    }

    private bool Record(BatchViews first)
    {
        cuda.synchronize();
        fits = Gpu.Memory() is not { } memory || memory.Free > memory.Total - memory.Free;
        if (!fits)
            return false;
        batch = first.Fixed();
        graph = CudaGraph.Record(() => figures = work(batch).DetachFromDisposeScope());
        return true;
    }
}
