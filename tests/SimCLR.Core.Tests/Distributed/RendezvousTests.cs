using SimCLR.Core.Distributed;
using TorchSharp;

namespace SimCLR.Core.Tests.Distributed;

public class RendezvousTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    private static Launch Of(int rank, int size = 2) => new("torchrun", LaunchKind.TorchRun, rank, size, rank, size);

    /// <summary>What an error says of a meeting at that place.</summary>
    private static string Told(Launch launch, string? address, string? port)
    {
        Environment.SetEnvironmentVariable("MASTER_ADDR", address);
        Environment.SetEnvironmentVariable("MASTER_PORT", port);
        try
        {
            return Assert.Throws<DistributedException>(() => Rendezvous.Join(launch, Short)).Message;
        }
        finally
        {
            Environment.SetEnvironmentVariable("MASTER_ADDR", null);
            Environment.SetEnvironmentVariable("MASTER_PORT", null);
        }
    }

    [Theory]
    [InlineData(null, "29500")]
    [InlineData("localhost", null)]
    [InlineData("localhost", "port")]
    [InlineData("localhost", "65530")]
    public void Where_to_meet_must_be_said(string? address, string? port) =>
        Assert.Contains("for example MASTER_ADDR=127.0.0.1 MASTER_PORT=29500", Told(Of(0), address, port));

    [Fact]
    public void Ranks_that_do_not_come_are_told_of()
    {
        var port = $"{NcclStub.FreePort()}";
        Assert.Contains("Of the other ranks 2 have not come", Told(Of(0, 3), "localhost", port));
        Assert.Contains(
            $"has not found rank 0 (MASTER_ADDR and MASTER_PORT are localhost:{port})",
            Told(Of(1), "localhost", port)
        );
    }

    [Fact]
    public void On_a_cpu_the_variables_of_torchrun_say_what_to_take()
    {
        Assert.SkipWhen(torch.cuda.is_available(), "there is a GPU");
        var error = Assert.Throws<DistributedException>(() => Of(0).Join());
        Assert.Contains("libtorch sees none here. On CPUs start the same command with mpirun -n 2", error.Message);
    }
}
