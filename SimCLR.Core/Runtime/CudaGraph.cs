using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Work recorded once for a GPU and launched again as a whole (torch.cuda.CUDAGraph in Python): what a step costs the processor is then one call, not one or
/// more for each of its hundreds of operations.
/// </summary>
/// <remarks>
/// The same addresses are read and written each time: what changes from step to step must be copied into the tensors that the work was recorded with, and no
/// number of the processor's may be part of it. The memory of the work stays its own until the graph is disposed. TorchSharp has none of this; libtorch's
/// class is used by the mangled names of its methods. SIMCLR_GRAPHS=off switches it off.
/// </remarks>
internal sealed unsafe partial class CudaGraph : IDisposable
{
    /// <summary>More than at::cuda::CUDAGraph takes in any version.</summary>
    private const int ObjectBytes = 4096;

    private const int ThreadLocal = 1; // cudaStreamCaptureModeThreadLocal: what other threads do meanwhile is none of its business.

    private static readonly Lazy<Methods?> Found = new(Find);
    private static readonly Lazy<IntPtr> Stream = new(NewStream);

    private readonly Methods methods;
    private IntPtr graph;

    private CudaGraph(Methods methods)
    {
        this.methods = methods;
        graph = (IntPtr)NativeMemory.AlignedAlloc(ObjectBytes, 64);
        NativeMemory.Clear((void*)graph, ObjectBytes);
        methods.Construct(graph, 0);
    }

    /// <summary>Whether this libtorch has graphs, and they are not switched off.</summary>
    internal static bool IsAvailable => IsOn && Found.Value is not null;

    /// <summary>Whether they are used where they can be; comparisons switch them off.</summary>
    internal static bool IsOn { get; set; } = true;

    /// <summary>Records work, which does not take place: <see cref="Replay"/> does it. It must have been done before, so that all that is made at a first time is
    /// there, and it must not wait for the GPU.</summary>
    internal static CudaGraph Record(Action work)
    {
        var graph = new CudaGraph(Found.Value!);
        cuda.synchronize();
        Gpu.Check(
            aoti_torch_create_cuda_stream_guard(Stream.Value, 0, out var guard),
            "aoti_torch_create_cuda_stream_guard"
        );
        try
        {
            graph.methods.Begin(graph.graph, 0, 0, ThreadLocal);
            work();
            graph.methods.End(graph.graph);
        }
        finally
        {
            Gpu.Check(aoti_torch_delete_cuda_stream_guard(guard), "aoti_torch_delete_cuda_stream_guard");
        }
        return graph;
    }

    /// <summary>Does the work, behind all that the GPU has been given before; does not wait.</summary>
    internal void Replay() => methods.Replay(graph);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (graph == 0)
            return;
        cuda.synchronize();
        methods.Destruct(graph);
        NativeMemory.AlignedFree((void*)graph);
        graph = 0;
    }

    private static IntPtr NewStream()
    {
        Gpu.Check(cuStreamCreate(out var stream, 1), "cuStreamCreate");
        return stream;
    }

    private static Methods? Find()
    {
        if (Environment.GetEnvironmentVariable("SIMCLR_GRAPHS") == "off" || !cuda.is_available())
            return null;
        if (
            !NativeLibrary.TryLoad(
                Path.Combine(LibTorch.Load().Folder, NativeFiles.FileName("torch_cuda")),
                out var library
            )
        )
            return null;
        return
            Export("C1Eb", out var construct)
            && Export("D1Ev", out var destruct)
            && Export("13capture_beginESt4pairIyyE21cudaStreamCaptureMode", out var begin)
            && Export("11capture_endEv", out var end)
            && Export("6replayEv", out var replay)
            ? new Methods(construct, destruct, begin, end, replay)
            : null;

        bool Export(string method, out IntPtr address) =>
            NativeLibrary.TryGetExport(library, $"_ZN2at4cuda9CUDAGraph{method}", out address);
    }

    /// <summary>Methods of at::cuda::CUDAGraph; the pool of memory, a pair of numbers, travels in two registers, and 0, 0 means one of its own.</summary>
    private sealed class Methods(IntPtr construct, IntPtr destruct, IntPtr begin, IntPtr end, IntPtr replay)
    {
        internal void Construct(IntPtr graph, byte keepGraph) =>
            ((delegate* unmanaged<IntPtr, byte, void>)construct)(graph, keepGraph);

        internal void Destruct(IntPtr graph) => ((delegate* unmanaged<IntPtr, void>)destruct)(graph);

        internal void Begin(IntPtr graph, ulong poolFirst, ulong poolSecond, int mode) =>
            ((delegate* unmanaged<IntPtr, ulong, ulong, int, void>)begin)(graph, poolFirst, poolSecond, mode);

        internal void End(IntPtr graph) => ((delegate* unmanaged<IntPtr, void>)end)(graph);

        internal void Replay(IntPtr graph) => ((delegate* unmanaged<IntPtr, void>)replay)(graph);
    }

    [LibraryImport("torch_cuda")]
    private static partial int aoti_torch_create_cuda_stream_guard(IntPtr stream, int device, out IntPtr guard);

    [LibraryImport("torch_cuda")]
    private static partial int aoti_torch_delete_cuda_stream_guard(IntPtr guard);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuStreamCreate(out IntPtr stream, uint flags);
}
