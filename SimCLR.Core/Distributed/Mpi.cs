using System.Text;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>
/// Ranks that an MPI launcher has started: Open MPI, MPICH and its relatives, or any library of the MPI-5 ABI. Tensors of a GPU are handed over where the
/// library takes them, and go through pinned memory where it does not.
/// </summary>
public sealed unsafe class Mpi : ICollective
{
    /// <summary>Numbers: 64 MiB in float32.</summary>
    private const int CopiedAtOnce = 1 << 24;

    /// <summary>Longest pause between two looks at a barrier.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(20);

    private readonly MpiLibrary library;
    private readonly delegate* unmanaged<void*, void*, int, IntPtr, IntPtr, IntPtr, int> allReduce;
    private readonly delegate* unmanaged<void*, int, IntPtr, void*, int, IntPtr, IntPtr, int> allGather;
    private readonly delegate* unmanaged<void*, int, IntPtr, int, IntPtr, int> broadcast;
    private readonly delegate* unmanaged<IntPtr, IntPtr*, int> barrier;
    private readonly delegate* unmanaged<IntPtr*, int*, IntPtr, int> test;
    private readonly Lock gate = new();
    private readonly HostBuffer pinned = HostBuffer.Pinned();
    private bool isOver;

    private Mpi(MpiLibrary library, Launch launch)
    {
        this.library = library;
        var initialize = (delegate* unmanaged<int*, byte***, int, int*, int>)library.Function("MPI_Init_thread");
        int given,
            rank,
            size;
        Check(initialize(null, null, library.Serialized, &given), "MPI_Init_thread");
        if (given < library.Serialized)
            throw new DistributedException(
                $"{library.Version} was built for one thread only, but gradients are computed by threads of libtorch's. Use a library built with threads."
            );
        var handler = (delegate* unmanaged<IntPtr, IntPtr, int>)library.Function("MPI_Comm_set_errhandler");
        Check(handler(library.World, library.ErrorsReturn), "MPI_Comm_set_errhandler");
        Check(Of("MPI_Comm_rank")(library.World, &rank), "MPI_Comm_rank");
        Check(Of("MPI_Comm_size")(library.World, &size), "MPI_Comm_size");
        (Rank, Size) = (rank, size);
        allReduce = (delegate* unmanaged<void*, void*, int, IntPtr, IntPtr, IntPtr, int>)
            library.Function("MPI_Allreduce");
        allGather = (delegate* unmanaged<void*, int, IntPtr, void*, int, IntPtr, IntPtr, int>)
            library.Function("MPI_Allgather");
        broadcast = (delegate* unmanaged<void*, int, IntPtr, int, IntPtr, int>)library.Function("MPI_Bcast");
        barrier = (delegate* unmanaged<IntPtr, IntPtr*, int>)library.Function("MPI_Ibarrier");
        test = (delegate* unmanaged<IntPtr*, int*, IntPtr, int>)library.Function("MPI_Test");
        CheckSize(launch);
        // Not by a finalizer: those may run while others still communicate.
        // After a failure the others are not waited for: their launcher ends them.
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (Environment.ExitCode == 0)
                Dispose();
        };

        delegate* unmanaged<IntPtr, int*, int> Of(string name) =>
            (delegate* unmanaged<IntPtr, int*, int>)library.Function(name);
    }

    /// <summary>Memory that every tensor goes through; null: only those of a GPU that the library cannot read.</summary>
    internal HostBuffer? Host { get; set; }

    /// <inheritdoc/>
    public string Name => library.Version;

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Joins the other processes of a launcher. Once in a process.</summary>
    /// <exception cref="DistributedException">There is no MPI library, or not the launcher's.</exception>
    public static Mpi Join(Launch launch) => new(MpiLibrary.Load(launch), launch);

    /// <inheritdoc/>
    public void AllReduceSum(Tensor values) =>
        Through(
            values,
            (address, count, type) =>
                Check(
                    allReduce((void*)library.InPlace, (void*)address, count, type, library.Sum, library.World),
                    "MPI_Allreduce"
                )
        );

    /// <inheritdoc/>
    public Tensor AllGather(Tensor rows)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (type, host) = (TypeOf(rows), HostFor(rows));
        var here = rows.detach().contiguous();
        Settle(here);
        if (host is not null)
            here = host.Of(here.shape, here.dtype).copy_(here);
        var all = empty([Size * here.shape[0], .. here.shape[1..]], here.dtype, here.device);
        if (here.numel() > int.MaxValue)
            throw new DistributedException(
                $"A rank gathers {here.numel()} numbers at once; MPI takes {int.MaxValue}. Use smaller batches."
            );
        lock (gate)
            Check(
                allGather(
                    (void*)Address(here),
                    (int)here.numel(),
                    type,
                    (void*)Address(all),
                    (int)here.numel(),
                    type,
                    library.World
                ),
                "MPI_Allgather"
            );
        return all.to(rows.device).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor values) =>
        Through(
            values,
            (address, count, type) => Check(broadcast((void*)address, count, type, 0, library.World), "MPI_Bcast")
        );

    /// <inheritdoc/>
    public void Barrier()
    {
        IntPtr request = 0;
        lock (gate)
            Check(barrier(library.World, &request), "MPI_Ibarrier");
        for (var pause = TimeSpan.FromMilliseconds(1); ; pause = pause < LongestPause ? 2 * pause : pause)
        {
            int done;
            lock (gate)
                Check(test(&request, &done, library.StatusIgnore), "MPI_Test");
            if (done != 0)
                return;
            Thread.Sleep(pause);
        }
    }

    /// <inheritdoc/>
    public void Abort(string why)
    {
        Console.Error.WriteLine($"Rank {Rank} of {Size} ends all: {why}");
        Console.Error.Flush();
        _ = ((delegate* unmanaged<IntPtr, int, int>)library.Function("MPI_Abort"))(library.World, 1);
    }

    /// <summary>Leaves; the other ranks are waited for.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref isOver, true))
            return;
        pinned.Dispose();
        _ = ((delegate* unmanaged<int>)library.Function("MPI_Finalize"))();
    }

    /// <summary>In place, in pieces that MPI can count, or that are copied to the host one by one.</summary>
    private void Through(Tensor values, Action<IntPtr, int, IntPtr> call)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var here = values.detach().contiguous();
        var (flat, type, host) = (here.view(-1), TypeOf(here), HostFor(here));
        Settle(here);
        lock (gate)
            for (
                long start = 0, piece = host is null ? int.MaxValue : CopiedAtOnce;
                start < flat.numel();
                start += piece
            )
            {
                using var pieces = NewDisposeScope();
                var part = flat.narrow(0, start, Math.Min(piece, flat.numel() - start));
                var readable = host?.Of(part.shape, part.dtype).copy_(part) ?? part;
                call(Address(readable), (int)part.numel(), type);
                if (host is not null)
                    part.copy_(readable);
            }
        if (Address(here) != Address(values))
            values.detach().copy_(here);
    }

    /// <summary>Memory that MPI reads in a tensor's place; null: it reads the tensor's.</summary>
    private HostBuffer? HostFor(Tensor values) =>
        Host ?? (values.device.type == DeviceType.CPU || library.TakesGpus ? null : pinned);

    /// <summary>MPI knows no streams.</summary>
    private static void Settle(Tensor values)
    {
        if (values.device.type != DeviceType.CPU)
            cuda.synchronize();
    }

    private IntPtr TypeOf(Tensor values) =>
        library.Types.TryGetValue(values.dtype, out var type)
            ? type
            : throw new ArgumentException(
                $"Ranks exchange {string.Join(", ", library.Types.Keys)}, not {values.dtype}; convert it first."
            );

    /// <summary>With the wrong library each process is alone in its world.</summary>
    private void CheckSize(Launch launch)
    {
        if (Size == launch.Size)
            return;
        var wanted = launch.Kind switch
        {
            LaunchKind.Mpich => "MPICH's (libmpich.so.12 or libmpi.so.12)",
            LaunchKind.OpenMpi => "Open MPI's (libmpi.so.40)",
            _ => "the one that srun was told to serve: srun --mpi=pmix for Open MPI, --mpi=pmi2 for MPICH",
        };
        Dispose();
        throw new DistributedException(
            $"{launch.Launcher} started {launch.Size} processes, but {library.Path} ({library.Version}) sees {Size}: it does not belong to that launcher. "
                + $"Take {wanted}: {MpiLibrary.Variable}=/path/to/library, or start with the launcher of {library.Family}."
        );
    }

    private void Check(int status, string function)
    {
        if (status == 0)
            return;
        var text = new byte[8192];
        int length = 0;
        fixed (byte* first = text)
            _ = ((delegate* unmanaged<int, byte*, int*, int>)library.Function("MPI_Error_string"))(
                status,
                first,
                &length
            );
        throw new DistributedException(
            $"{function} failed: {Encoding.UTF8.GetString(text, 0, Math.Clamp(length, 0, text.Length))}"
        );
    }

    private static IntPtr Address(Tensor tensor) => MemoryLayout.Address(tensor);
}
