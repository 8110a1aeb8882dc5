using System.Runtime.InteropServices;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>
/// Ranks with a GPU each, whose tensors are exchanged by NCCL, in libtorch's stream and without waiting for it; what lies on the CPU, and all waiting, goes by
/// other ranks, which also hand round the id that NCCL's begin with.
/// </summary>
internal sealed unsafe partial class Nccl : ICollective
{
    /// <summary>Between two looks at what the GPUs have failed at.</summary>
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(1);

    private readonly ICollective host;
    private readonly NcclLibrary library;
    private readonly DeviceType kind;
    private readonly Lazy<IntPtr> communicator;
    private readonly Lock gate = new();
    private Timer? watch;
    private bool isOver;

    /// <param name="host">The same processes on their CPUs; disposed with this.</param>
    /// <param name="library">What carries it.</param>
    /// <param name="kind">Tensors of such a device are exchanged by NCCL.</param>
    internal Nccl(ICollective host, NcclLibrary library, DeviceType kind = DeviceType.CUDA)
    {
        (this.host, this.library, this.kind) = (host, library, kind);
        communicator = new Lazy<IntPtr>(Begin);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            // After a failure nobody is waited for.
            if (Environment.ExitCode == 0)
                Dispose();
        };
    }

    /// <inheritdoc/>
    public string Name => $"NCCL {library.Version} and {host.Name}";

    /// <inheritdoc/>
    public int Rank => host.Rank;

    /// <inheritdoc/>
    public int Size => host.Size;

    /// <inheritdoc/>
    public void AllReduceSum(Tensor values)
    {
        if (values.device.type != kind)
            host.AllReduceSum(values);
        else
            InPlace(
                values,
                (address, count, type, stream) =>
                    Check(
                        library.AllReduce(address, address, count, type, NcclLibrary.Sum, communicator.Value, stream),
                        "ncclAllReduce"
                    )
            );
    }

    /// <inheritdoc/>
    public Tensor AllGather(Tensor rows)
    {
        if (rows.device.type != kind)
            return host.AllGather(rows);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (type, stream, length) = (TypeOf(rows), Stream(rows), rows.shape[0]);
        var all = empty([Size * length, .. rows.shape[1..]], rows.dtype, rows.device);
        // In place: NCCL copies nothing of the rank's own.
        var here = all.narrow(0, Rank * length, length);
        here.copy_(rows.detach());
        lock (gate)
            Check(
                library.AllGather(Address(here), Address(all), (nuint)here.numel(), type, communicator.Value, stream),
                "ncclAllGather"
            );
        return all.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor values)
    {
        if (values.device.type != kind)
            host.Broadcast(values);
        else
            InPlace(
                values,
                (address, count, type, stream) =>
                    Check(
                        library.Broadcast(address, address, count, type, 0, communicator.Value, stream),
                        "ncclBroadcast"
                    )
            );
    }

    /// <inheritdoc/>
    public void Barrier() => host.Barrier();

    /// <inheritdoc/>
    public void Abort(string why)
    {
        // What waits on the GPU for another rank would wait for ever.
        if (communicator.IsValueCreated)
            _ = library.Abort(communicator.Value);
        host.Abort(why);
    }

    /// <summary>Leaves; the other ranks are waited for.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref isOver, true))
            return;
        watch?.Dispose();
        lock (gate)
            if (communicator.IsValueCreated)
                _ = library.Destroy(communicator.Value);
        host.Dispose();
    }

    /// <summary>At the first exchange: all ranks come to it together.</summary>
    private IntPtr Begin()
    {
        NcclId id;
        if (Rank == 0)
            library.Check(library.UniqueId(&id), "ncclGetUniqueId");
        using (var bytes = tensor(new ReadOnlySpan<byte>(id.Bytes, NcclId.Length).ToArray()))
        {
            host.Broadcast(bytes);
            bytes.data<byte>().ToArray().CopyTo(new Span<byte>(id.Bytes, NcclId.Length));
        }
        IntPtr first;
        try
        {
            library.Check(library.InitRank(&first, Size, id, Rank), "ncclCommInitRank");
        }
        catch (DistributedException error)
        {
            throw new DistributedException(
                $"{error.Message} Each rank needs a GPU of its own: start as many on a machine as it has, or leave {library.Path} out by "
                    + $"{NcclLibrary.Variable}=off where MPI started them."
            );
        }
        var made = first;
        watch = new Timer(_ => Look(made), null, Watched, Watched);
        return made;
    }

    /// <summary>Nobody asks a GPU that waits for a rank which is no more.</summary>
    private void Look(IntPtr made)
    {
        if (isOver || library.Trouble(made) is not { } trouble)
            return;
        isOver = true;
        Abort(trouble);
    }

    private void InPlace(Tensor values, Action<IntPtr, nuint, int, IntPtr> call)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (type, stream) = (TypeOf(values), Stream(values));
        var here = values.detach().contiguous();
        lock (gate)
            call(Address(here), (nuint)here.numel(), type, stream);
        if (Address(here) != Address(values))
            values.detach().copy_(here);
    }

    /// <summary>What the GPU is given there comes behind what computes the tensor, and before what uses it.</summary>
    private static IntPtr Stream(Tensor values)
    {
        if (values.device.type != DeviceType.CUDA)
            return IntPtr.Zero;
        if (values.device.index > 0)
            throw new ArgumentException(
                $"Ranks exchange tensors of a process's first GPU, not of {values.device}; show each its own by CUDA_VISIBLE_DEVICES."
            );
        Gpu.Check(aoti_torch_get_current_cuda_stream(0, out var stream), "aoti_torch_get_current_cuda_stream");
        return stream;
    }

    private void Check(int status, string function) => library.Check(status, function, communicator.Value);

    private static int TypeOf(Tensor values) =>
        NcclLibrary.Types.TryGetValue(values.dtype, out var type)
            ? type
            : throw new ArgumentException(
                $"Ranks exchange {string.Join(", ", NcclLibrary.Types.Keys)}, not {values.dtype}; convert it first."
            );

    private static IntPtr Address(Tensor tensor) => MemoryLayout.Address(tensor);

    [LibraryImport("torch_cuda")]
    private static partial int aoti_torch_get_current_cuda_stream(int device, out IntPtr stream);
}
