using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>
/// Every part of the convolutions of ResNet-18, ResNet-50 and the small network on CIFAR images, by libtorch and as products of patches: what
/// <see cref="ConvolutionRule"/> is made of.
/// </summary>
internal static class ConvolutionBenchmark
{
    internal const string Help =
        "convolutions by libtorch and as products of patches, and what the rule chooses\n[--batch 64] [--seconds 1] [--write]";

    private static readonly (long Input, long Output, long Kernel, long Stride, long Side)[] Shapes =
    [
        (3, 32, 3, 2, 32),
        (32, 64, 3, 2, 16),
        (64, 128, 3, 2, 8),
        (3, 64, 3, 1, 32),
        (64, 64, 3, 1, 32),
        (64, 128, 3, 2, 32),
        (128, 128, 3, 1, 16),
        (128, 256, 3, 2, 16),
        (256, 256, 3, 1, 8),
        (256, 512, 3, 2, 8),
        (512, 512, 3, 1, 4),
        (64, 128, 1, 2, 32),
        (256, 512, 1, 2, 8),
        (64, 256, 1, 1, 32),
        (256, 64, 1, 1, 32),
        (512, 128, 1, 1, 16),
        (1024, 256, 1, 1, 8),
        (512, 2048, 1, 1, 4),
    ];

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "batch", "seconds", "write");
        LibTorch.Load();
        var (views, seconds) = (2L * options.Number("batch", 64, 1), options.Positive("seconds", 1));
        var section = new Section($"Convolutions: {Machine.Place(CPU)}");
        section.Say($"{Machine.Describe(CPU)}. {views} views, channels-last.");
        section.Say(
            "Milliseconds, medians of turns. Weight gradient: libtorch's, which is what autograd takes beyond the forward pass, and the product of patches; * where the "
                + "rule takes it. Data gradient: libtorch's alike, and the transposed convolution that stands in its place beside a product."
        );
        foreach (var precision in Subjects.Supported(CPU))
        {
            var type = precision == "float32" ? ScalarType.Float32 : ScalarType.BFloat16;
            section.Table(
                [precision, "forward", "data gradient", "transposed", "weight gradient", "of patches"],
                [.. Shapes.Select(shape => Row(shape, views, type, seconds))]
            );
        }
        if (Autocast.IsSupported(CPU))
        {
            section.Say(
                "Whole training steps in bfloat16, images/s, medians of turns, and the median ratio of the two:"
            );
            section.Table(
                ["encoder", "libtorch's weight gradients", "by the rule", "ratio"],
                [.. new[] { "resnet18", "resnet50", "small" }.Select(name => Step(name, (int)views / 2, seconds))]
            );
        }
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    private static string[] Row(
        (long Input, long Output, long Kernel, long Stride, long Side) shape,
        long views,
        ScalarType type,
        double seconds
    )
    {
        using var scope = NewDisposeScope();
        var (input, output, kernel, stride, side) = shape;
        var patches = new Patches(kernel, stride, kernel / 2);
        var places = patches.Places(side);
        var pixels = randn([views, side, side, input], type);
        var weights = randn([output, input, kernel, kernel], type);
        var gradient = randn([views, places, places, output], type);
        var (images, mapGradient) = (pixels.permute(0, 3, 1, 2), gradient.permute(0, 3, 1, 2));
        var (leafImages, leafWeights) = (images.detach().requires_grad_(), weights.detach().requires_grad_());

        Tensor Convolve(Tensor x, Tensor w) =>
            nn.functional.conv2d(x, w, null, [stride, stride], [kernel / 2, kernel / 2]);
        Action InScope(Func<object> action) =>
            () =>
            {
                using var inner = NewDisposeScope();
                action();
            };

        var unreached = (side + 2 * (kernel / 2) - kernel) % stride;
        var turns = Timing.Interleaved(
            seconds,
            InScope(() => Convolve(images, weights)),
            InScope(() => autograd.grad([Convolve(leafImages, weights)], [leafImages], [mapGradient])),
            InScope(() => autograd.grad([Convolve(images, leafWeights)], [leafWeights], [mapGradient])),
            InScope(() => patches.WeightGradient(pixels, gradient)),
            InScope(() =>
                nn.functional.conv_transpose2d(
                    mapGradient,
                    weights,
                    null,
                    [stride, stride],
                    [kernel / 2, kernel / 2],
                    [unreached, unreached]
                )
            )
        );
        var times = turns.Select(turn => turn.Seconds * 1000).ToArray();
        var isTaken = ConvolutionRule.IsFasterByPatches(kernel, places * places, type);
        return
        [
            $"{input} to {output}, {kernel}x{kernel} / {stride}, side {side}",
            $"{times[0]:F1}",
            $"{times[1] - times[0]:F1}",
            $"{times[4]:F1}",
            $"{times[2] - times[0]:F1}",
            $"{times[3]:F1}{(isTaken ? "*" : " ")}",
        ];
    }

    private static string[] Step(string name, int batch, double seconds)
    {
        using var images = Subjects.Noise(Math.Max(512, batch));
        using var training = new Pretraining(
            Subjects.Training(Subjects.Encoders[name], batch, Precision.BFloat16),
            images,
            CPU
        );
        var rule = ConvolutionRule.IsOn;
        var turns = Timing.Interleaved(seconds, () => With(false), () => With(rule));
        return
        [
            name,
            $"{batch / turns[0].Seconds:N0}",
            $"{batch / turns[1].Seconds:N0}",
            $"{turns[0].Over(turns[1]):F2}",
        ];

        void With(bool isOn)
        {
            ConvolutionRule.IsOn = isOn;
            training.TrainStep().Dispose();
            ConvolutionRule.IsOn = rule;
        }
    }
}
