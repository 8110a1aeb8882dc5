using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Runtime;

public class GpuTests
{
    [Fact]
    public void The_drivers_file_names_the_model()
    {
        string[] information =
        [
            "Model: \t\t NVIDIA H100 80GB HBM3",
            "IRQ:   \t\t 186",
            "GPU UUID: \t GPU-00000000-0000-0000-0000-000000000000",
            "Bus Location: \t 0000:04:00.0",
        ];
        Assert.Equal("NVIDIA H100 80GB HBM3", Gpu.Model(information));
        Assert.Null(Gpu.Model(["IRQ: 1"]));
    }

    [Fact]
    public void Without_a_driver_there_are_no_models_and_no_error()
    {
        Assert.SkipWhen(Directory.Exists("/proc/driver/nvidia/gpus"), "there is a GPU here");
        Assert.Empty(Gpu.Models);
        Assert.True(Gpu.HasBFloat16);
    }
}
