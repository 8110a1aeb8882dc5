using SimCLR.Core.Encoders;
using SimCLR.Core.Kernels;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Batch norm, residual and ReLU on a GPU: our kernels against libtorch's, on the maps of a ResNet-18 at batch 512.</summary>
internal static class NormSpeed
{
    internal const string Help =
        "batch norm with residual and ReLU on a GPU, our kernels and libtorch's\n[--batch 512] [--write]";

    private const int Times = 30;

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "batch", "write");
        LibTorch.Load();
        if (!cuda.is_available())
            throw new OptionException("norm needs a GPU; set SIMCLR_LIBTORCH to a CUDA PyTorch's lib folder");
        var views = 2L * options.Number("batch", 512, 1);
        var section = new Section($"Batch norm, residual, ReLU: {Machine.Place(CUDA)}");
        section.Say($"{views} views, bfloat16. Milliseconds; GB/s counts every map once that must be read or written.");
        section.Table(
            ["channels, side", "forward", "libtorch", "GB/s", "backward", "libtorch", "GB/s"],
            [
                .. new[] { (64L, 32L), (128L, 16L), (256L, 8L), (512L, 4L) }.Select(maps =>
                    Row(maps.Item1, maps.Item2, views)
                ),
            ]
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    private static string[] Row(long channels, long side, long views)
    {
        using var scope = NewDisposeScope();
        var norm = (SimCLR.Core.Encoders.BatchNorm)new SimCLR.Core.Encoders.BatchNorm(channels).to(CUDA);
        Tensor Maps() =>
            MemoryLayout.ChannelsLast(randn([views, channels, side, side], ScalarType.BFloat16, CUDA)).detach();
        var (x, r, g) = (Maps().requires_grad_(), Maps().requires_grad_(), Maps());
        var gigabytes = 2e-9 * views * channels * side * side;
        var (forward, backward) = Seconds(true);
        var (theirForward, theirBackward) = Seconds(false);
        return
        [
            $"{channels}, {side}",
            $"{forward * 1000:F3}",
            $"{theirForward * 1000:F3}",
            $"{4 * gigabytes / forward:N0}",
            $"{backward * 1000:F3}",
            $"{theirBackward * 1000:F3}",
            $"{8 * gigabytes / backward:N0}",
        ];

        (double Forward, double Backward) Seconds(bool fused)
        {
            FusedBatchNorm.IsOn = fused;
            var (forward, both) = (Time(false), Time(true));
            FusedBatchNorm.IsOn = true;
            return (forward, both - forward);
        }

        double Time(bool backward)
        {
            for (var i = 0; i < 3; i++)
                Once(backward);
            cuda.synchronize();
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            for (var i = 0; i < Times; i++)
                Once(backward);
            cuda.synchronize();
            return System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds / Times;
        }

        void Once(bool backward)
        {
            using var inner = NewDisposeScope();
            var y = NormActivation.Forward(norm, x, r);
            if (!backward)
                return;
            autograd.backward([y], [g]);
            (x.grad, r.grad) = (null, null);
        }
    }
}
