using SimCLR.Core.Distributed;

namespace SimCLR.Core.Tests.Distributed;

public class GpuOfRankTests
{
    [Theory]
    [InlineData(2, null, 4, "2")]
    [InlineData(5, null, 4, "1")]
    [InlineData(1, "4,5", 8, "5")]
    [InlineData(1, "GPU-aa, GPU-bb", 8, "GPU-bb")]
    public void Each_rank_of_a_machine_sees_a_gpu_of_its_own(int rank, string? visible, int count, string gpu) =>
        Assert.Equal(gpu, GpuOfRank.Choose(rank, visible, count));

    [Theory]
    [InlineData(1, "3", 8)]
    [InlineData(1, "", 8)]
    [InlineData(1, null, 1)]
    [InlineData(1, null, 0)]
    public void What_a_launcher_has_shared_out_stays(int rank, string? visible, int count) =>
        Assert.Null(GpuOfRank.Choose(rank, visible, count));
}
