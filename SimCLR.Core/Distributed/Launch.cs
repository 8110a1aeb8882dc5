using System.Globalization;
using SimCLR.Core.Runtime;
using TorchSharp;

namespace SimCLR.Core.Distributed;

/// <summary>How a launcher of several processes started this one, by the variables that it sets.</summary>
/// <param name="Launcher">Name of the launcher, for example "mpirun of Open MPI".</param>
/// <param name="Kind">What the processes are to speak.</param>
/// <param name="Rank">This process's number, from 0.</param>
/// <param name="Size">How many processes were started.</param>
/// <param name="LocalRank">This process's number on its machine.</param>
/// <param name="LocalSize">How many processes were started on this machine; as many as there are where the launcher does not tell.</param>
public sealed record Launch(string Launcher, LaunchKind Kind, int Rank, int Size, int LocalRank, int LocalSize)
{
    private static readonly (string Launcher, LaunchKind Kind, string[] Variables)[] Known =
    [
        (
            "mpirun of Open MPI",
            LaunchKind.OpenMpi,
            ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"]
        ),
        ("mpiexec of MPICH", LaunchKind.Mpich, ["PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"]),
        ("torchrun", LaunchKind.TorchRun, ["RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"]),
        (
            "srun",
            LaunchKind.Slurm,
            ["SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"]
        ),
    ];

    /// <summary>How the environment says that this process was started; null where this process was started by itself, or as the only one.</summary>
    public static Launch? Detect() => Detect(Environment.GetEnvironmentVariable);

    /// <summary>
    /// Joins the other processes, once in a process: by NCCL where every one sees a GPU and has the library, and else by MPI. What is on the CPU goes by MPI, or, where
    /// torchrun has started them, by connections of their own.
    /// </summary>
    /// <exception cref="DistributedException">They cannot compute together; the message says what to take.</exception>
    public ICollective Join()
    {
        LibTorch.Load();
        var nccl = torch.cuda.is_available() ? NcclLibrary.TryLoad() : null;
        if (Kind == LaunchKind.TorchRun)
        {
            CheckNccl(nccl);
            return new Nccl(Rendezvous.Join(this), nccl!);
        }
        var mpi = Mpi.Join(this);
        // One that has none would wait for the others in vain.
        return mpi.Any(nccl is null) ? mpi : new Nccl(mpi, nccl!);
    }

    /// <summary>The same of other variables.</summary>
    internal static Launch? Detect(Func<string, string?> variable)
    {
        foreach (var (launcher, kind, names) in Known)
            if (Number(names[0]) is { } rank && Number(names[1]) is { } size && size > 1)
                return new Launch(launcher, kind, rank, size, Number(names[2]) ?? rank, Number(names[3]) ?? size);
        return null;

        int? Number(string name) =>
            int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : null;
    }

    /// <summary>Before anybody is waited for.</summary>
    private void CheckNccl(NcclLibrary? nccl)
    {
        var remedy = $"start the same command with mpirun -n {Size} (Debian: apt-get install openmpi-bin)";
        if (!torch.cuda.is_available())
            throw new DistributedException(
                $"{Launcher} started {Size} processes, which speak NCCL; that needs a GPU for each, and libtorch sees none here. On CPUs {remedy}; "
                    + "on a machine with GPUs set SIMCLR_LIBTORCH to a CUDA PyTorch (docs/gpu.md)."
            );
        if (nccl is null)
            throw new DistributedException(
                $"{Launcher} started {Size} processes, which speak NCCL, but it cannot be loaded ({string.Join(", ", NcclLibrary.Places)}). "
                    + $"Name it, {NcclLibrary.Variable}=/path/to/libnccl.so.2 (pip puts it in site-packages/nvidia/nccl/lib), or {remedy}."
            );
    }
}

/// <summary>The language that processes speak which a launcher has started.</summary>
public enum LaunchKind
{
    /// <summary>Open MPI.</summary>
    OpenMpi,

    /// <summary>MPICH, or one of its relatives: Intel MPI, MVAPICH, Cray MPI.</summary>
    Mpich,

    /// <summary>NCCL, with the variables of PyTorch's launcher.</summary>
    TorchRun,

    /// <summary>Whatever MPI the step was started with.</summary>
    Slurm,
}
