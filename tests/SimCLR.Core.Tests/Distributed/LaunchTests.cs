using SimCLR.Core.Distributed;

namespace SimCLR.Core.Tests.Distributed;

public class LaunchTests
{
    private static Launch? Detect(params (string Name, string Value)[] variables) =>
        Launch.Detect(name => variables.FirstOrDefault(variable => variable.Name == name).Value);

    [Fact]
    public void Every_launcher_is_known_by_its_variables()
    {
        Assert.Equal(
            new Launch("mpirun of Open MPI", LaunchKind.OpenMpi, 5, 8, 1, 4),
            Detect(
                ("OMPI_COMM_WORLD_RANK", "5"),
                ("OMPI_COMM_WORLD_SIZE", "8"),
                ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
                ("OMPI_COMM_WORLD_LOCAL_SIZE", "4"),
                ("PMI_RANK", "5"),
                ("PMI_SIZE", "8")
            )
        );
        Assert.Equal(
            new Launch("mpiexec of MPICH", LaunchKind.Mpich, 1, 3, 1, 3),
            Detect(("PMI_RANK", "1"), ("PMI_SIZE", "3"))
        );
        Assert.Equal(
            new Launch("torchrun", LaunchKind.TorchRun, 1, 2, 1, 2),
            Detect(("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1"), ("LOCAL_WORLD_SIZE", "2"))
        );
        Assert.Equal(
            new Launch("srun", LaunchKind.Slurm, 2, 4, 0, 2),
            Detect(
                ("SLURM_PROCID", "2"),
                ("SLURM_STEP_NUM_TASKS", "4"),
                ("SLURM_LOCALID", "0"),
                ("SLURM_STEP_TASKS_PER_NODE", "2")
            )
        );
    }

    [Fact]
    public void A_process_that_was_started_alone_has_no_launcher()
    {
        Assert.Null(Detect());
        Assert.Null(Detect(("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "1")));
        // A batch script of four tasks is itself one process.
        Assert.Null(Detect(("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4")));
    }
}
