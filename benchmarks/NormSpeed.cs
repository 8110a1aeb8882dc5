using System.Diagnostics;
using SimCLR.Core.Encoders;
using SimCLR.Core.Kernels;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Batch norm, residual and ReLU in one operation against libtorch's three, on the maps of a ResNet-18 and, on a CPU, of the small encoder.</summary>
internal static class NormSpeed
{
    internal const string Help =
        "batch norm with residual and ReLU, ours and libtorch's, on a GPU (--device cuda) or a CPU\n[--device cpu|cuda] [--batch 512, on a CPU 64] [--write]";

    private const int Times = 30;

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "device", "batch", "write");
        LibTorch.Load();
        var device = options.Text("device", cuda.is_available() ? "cuda" : "cpu") == "cuda" ? CUDA : CPU;
        var onGpu = device.type == DeviceType.CUDA;
        if (onGpu && !cuda.is_available())
            throw new OptionException("There is no GPU; set SIMCLR_LIBTORCH to a CUDA PyTorch's lib folder.");
        var views = 2L * options.Number("batch", onGpu ? 512 : 64, 1);
        var section = new Section($"Batch norm, residual, ReLU: {Machine.Place(device)}");
        section.Say($"{views} views. Milliseconds; GB/s counts every map once that must be read or written.");
        ScalarType[] types = onGpu ? [ScalarType.BFloat16] : [ScalarType.Float32, ScalarType.BFloat16];
        section.Table(
            ["channels, side", "format", "forward", "libtorch", "GB/s", "backward", "libtorch", "GB/s"],
            [
                .. from type in types
                from maps in new[] { (64L, 32L), (128L, 16L), (256L, 8L), (512L, 4L) }
                select Row(maps.Item1, maps.Item2, views, type, true, device),
                .. onGpu
                    ? Array.Empty<string[]>()
                    : new[] { (32L, 16L), (64L, 8L), (128L, 4L) }.Select(maps =>
                        Row(maps.Item1, maps.Item2, 2 * views, ScalarType.Float32, false, device)
                    ),
            ]
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    private static string[] Row(long channels, long side, long views, ScalarType type, bool residual, Device device)
    {
        using var scope = NewDisposeScope();
        var norm = (BatchNorm)new BatchNorm(channels).to(device);
        Tensor Maps() => MemoryLayout.ChannelsLast(randn([views, channels, side, side], type, device)).detach();
        var (x, g) = (Maps().requires_grad_(), Maps());
        var r = residual ? Maps().requires_grad_() : null;
        var gigabytes = 1e-9 * x.element_size() * views * channels * side * side;
        var (forward, theirForward) = Seconds(false);
        var (both, theirBoth) = Seconds(true);
        var (backward, theirBackward) = (both - forward, theirBoth - theirForward);
        var (passes, passesBack) = residual ? (4, 8) : (3, 5);
        return
        [
            $"{channels}, {side}{(residual ? "" : ", no residual")}",
            $"{type}",
            $"{forward * 1000:F3}",
            $"{theirForward * 1000:F3}",
            $"{passes * gigabytes / forward:N0}",
            $"{backward * 1000:F3}",
            $"{theirBackward * 1000:F3}",
            $"{passesBack * gigabytes / backward:N0}",
        ];

        (double Ours, double Theirs) Seconds(bool backward)
        {
            var (ours, theirs) = (new List<double>(), new List<double>());
            for (var turn = 0; turn < 5; turn++)
            {
                ours.Add(Time(true, backward));
                theirs.Add(Time(false, backward));
            }
            return (Timing.Median(ours), Timing.Median(theirs));
        }

        double Time(bool fused, bool backward)
        {
            (FusedBatchNorm.IsOn, BatchNormPass.IsOn) = (fused, fused);
            for (var i = 0; i < 3; i++)
                Once(backward);
            Wait();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Times; i++)
                Once(backward);
            Wait();
            (FusedBatchNorm.IsOn, BatchNormPass.IsOn) = (true, true);
            return Stopwatch.GetElapsedTime(start).TotalSeconds / Times;
        }

        void Wait()
        {
            if (device.type == DeviceType.CUDA)
                cuda.synchronize();
        }

        void Once(bool backward)
        {
            using var inner = NewDisposeScope();
            var y = NormActivation.Forward(norm, x, r);
            if (!backward)
                return;
            // Taken as they are: a leaf would copy its gradient.
            _ = autograd.grad([y], r is null ? [x, norm.weight!, norm.bias!] : [x, r, norm.weight!, norm.bias!], [g]);
        }
    }
}
