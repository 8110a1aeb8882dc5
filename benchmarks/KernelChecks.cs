using SimCLR.Core.Encoders;
using SimCLR.Core.Kernels;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Our kernels on a GPU.</summary>
internal static class KernelChecks
{
    /// <summary>Our kernels and libtorch's, each against float64 on the CPU from the same maps: ours may be twice as far away.</summary>
    internal static (string, string, bool) BatchNorm(ScalarType type)
    {
        if (FusedBatchNorm.Problem is { } problem)
            return (problem, "kernels", false);
        var (ours, libtorchs) = (0.0, 0.0);
        foreach (
            var (channels, side, count) in new[] { (8, 5, 3), (64, 32, 128), (96, 7, 16), (512, 4, 64), (2048, 2, 32) }
        )
        foreach (var residual in new[] { false, true })
        foreach (var relu in new[] { false, true })
        {
            using var scope = NewDisposeScope();
            var exact = Normed(CPU, false);
            libtorchs = Math.Max(
                libtorchs,
                exact.Zip(Normed(CUDA, false)).Max(pair => GpuChecks.Deviation(pair.First, pair.Second))
            );
            ours = Math.Max(
                ours,
                exact.Zip(Normed(CUDA, true)).Max(pair => GpuChecks.Deviation(pair.First, pair.Second))
            );

            Tensor[] Normed(Device device, bool fused)
            {
                FusedBatchNorm.IsOn = fused;
                using var generator = new Generator(9, CPU);
                var norm = new SimCLR.Core.Encoders.BatchNorm(channels);
                using (no_grad())
                {
                    norm.weight!.uniform_(0.5, 1.5, generator);
                    norm.bias!.uniform_(-0.5, 0.5, generator);
                }
                norm.to(device, device.type == DeviceType.CPU ? ScalarType.Float64 : ScalarType.Float32);
                Tensor Maps()
                {
                    var maps = (randn([count, channels, side, side], generator: generator) + 1)
                        .to_type(type)
                        .to(device);
                    if (device.type == DeviceType.CPU)
                        maps = maps.to_type(ScalarType.Float64);
                    return MemoryLayout.ChannelsLast(maps).detach().requires_grad_();
                }
                var (x, r, g) = (Maps(), Maps(), Maps().detach());
                var y = NormActivation.Forward(norm, x, residual ? r : null, relu);
                (y * g).sum().backward();
                GraphNode.ThrowIfFailed();
                FusedBatchNorm.IsOn = true;
                return
                [
                    y,
                    x.grad!,
                    .. residual ? new[] { r.grad! } : [],
                    norm.weight!.grad!,
                    norm.bias!.grad!,
                    norm.running_mean!,
                    norm.running_var!,
                ];
            }
        }
        return ($"{ours:E1} (libtorch's: {libtorchs:E1})", "2 x libtorch's", ours <= 2 * libtorchs);
    }

    internal static T Libtorchs<T>(Func<T> compute)
    {
        FusedBatchNorm.IsOn = false;
        var result = compute();
        FusedBatchNorm.IsOn = true;
        return result;
    }
}
