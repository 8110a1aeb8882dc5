using System.Diagnostics;
using SimCLR.Core.Distributed;

namespace SimCLR.Core.Tests.Distributed;

[Trait("group", "slow")]
public class MpiTests(ITestOutputHelper output)
{
    private const string OpenMpi = "mpirun.openmpi";
    private const string Mpich = "mpiexec.mpich";

    private (int Code, string Output) Start(
        string launcher,
        int size,
        string check,
        params (string, string)[] variables
    )
    {
        Ranks.Need(launcher);
        var watch = Stopwatch.StartNew();
        var (code, text) = Ranks.Start(
            launcher,
            size,
            variables.ToDictionary(variable => variable.Item1, variable => variable.Item2),
            RankChecks.Verb,
            check
        );
        output.WriteLine($"{launcher}, {size} ranks, {watch.Elapsed.TotalSeconds:f1} s: {text}");
        return (code, text);
    }

    [Theory]
    [InlineData(OpenMpi, 2, "Open MPI v")]
    [InlineData(Mpich, 3, "MPICH 4.")]
    public void Sums_gathered_rows_and_what_rank_0_tells_are_right_on_every_rank(string launcher, int size, string name)
    {
        var (code, text) = Start(launcher, size, "collectives");
        Assert.Equal(0, code);
        for (var rank = 0; rank < size; rank++)
            Assert.Contains($"rank {rank} of {size} on {name}", text);
    }

    [Theory]
    [InlineData(OpenMpi, 2)]
    [InlineData(Mpich, 3)]
    public void Processes_come_to_what_one_process_comes_to(string launcher, int size)
    {
        var (code, text) = Start(launcher, size, "equality");
        Assert.Equal(0, code);
        Assert.Equal(6, text.Split("MicroBatches").Length - 1 + text.Split(", : ").Length - 1);
    }

    [Fact]
    public void What_mpi_cannot_read_goes_through_memory_of_the_host()
    {
        var (code, text) = Start(OpenMpi, 2, "staged");
        Assert.Equal(0, code);
        Assert.Contains("rank 1 of 2 on Open MPI", text);
    }

    [Theory]
    [InlineData(OpenMpi, 2)]
    [InlineData(Mpich, 3)]
    public void Processes_measure_what_one_process_measures(string launcher, int size)
    {
        var (code, text) = Start(launcher, size, "measurements");
        Assert.Equal(0, code);
        Assert.Contains("k-NN: deviation 0", text);
        Assert.Contains("fine-tuning: deviation", text);
    }

    [Fact]
    public void A_rank_that_throws_ends_all_and_says_why()
    {
        var (code, text) = Start(OpenMpi, 2, "throwing");
        Failure.EndedAllInTime(text);
        Assert.NotEqual(0, code);
        Assert.Contains("Rank 1 of 2 ends all", text);
        Assert.Contains("thrown by rank 1", text);
    }

    [Fact]
    public void A_rank_that_dies_ends_the_others_within_30_seconds()
    {
        var (code, text) = Start(Mpich, 2, "dying");
        Failure.EndedAllInTime(text);
        Assert.NotEqual(0, code);
    }

    [Theory]
    [InlineData(Mpich, "libmpi.so.40", "Take MPICH's (libmpich.so.12 or libmpi.so.12)")]
    public void A_library_of_another_launcher_is_an_error_that_says_which_to_take(
        string launcher,
        string library,
        string remedy
    )
    {
        Ranks.Need(OpenMpi);
        Ranks.Need(Mpich);
        var (code, text) = Start(launcher, 2, "collectives", (MpiLibrary.Variable, library));
        Assert.NotEqual(0, code);
        Assert.Contains($"started 2 processes, but {library}", text);
        Assert.Contains(remedy, text);
    }

    [Fact]
    public void A_library_that_is_not_there_is_named()
    {
        var launch = new Launch("mpirun of Open MPI", LaunchKind.OpenMpi, 0, 2, 0, 2);
        Environment.SetEnvironmentVariable(MpiLibrary.Variable, "/nowhere/libmpi.so");
        try
        {
            var error = Assert.Throws<DistributedException>(() => Mpi.Join(launch));
            Assert.Contains("no MPI library can be loaded (/nowhere/libmpi.so)", error.Message);
        }
        finally
        {
            Environment.SetEnvironmentVariable(MpiLibrary.Variable, null);
        }
    }
}
