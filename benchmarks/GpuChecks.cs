using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Whether a GPU computes what the CPU computes, the same twice, without waiting and without growing.</summary>
internal static class GpuChecks
{
    internal const int Batch = 64;

    /// <summary>Each compares something.</summary>
    internal static IEnumerable<Part> Parts =>
        Checks.Select(named => new Part(
            named.Name,
            TimeSpan.FromSeconds(20),
            _ =>
            {
                using var scope = NewDisposeScope();
                backends.cudnn.allow_tf32 = false;
                var (found, asked, good) = named.Check();
                return new Found(found, asked, good);
            }
        ));

    private static IEnumerable<(string Name, Func<(string, string, bool)> Check)> Checks =>
        [
            .. Views.Select(view => ($"view {view.Name}", Of(1e-5, device => [Seen(view.View, device)]))),
            .. Losses.Select(loss =>
                ($"loss {loss.GetType().Name}", Of(1e-5, device => LossAndGradient(loss, device)))
            ),
            .. Encoders.Select(e =>
                ($"encoder {e.Name}, gradients", Of(1e-2, device => Gradients(e.Spec, e.Side, device)))
            ),
            ("batch norm kernels against float64, float32", () => KernelChecks.BatchNorm(ScalarType.Float32)),
            ("batch norm kernels against float64, bfloat16", () => KernelChecks.BatchNorm(ScalarType.BFloat16)),
            .. Encoders.Select(e =>
                (
                    $"encoder {e.Name}, libtorch alone",
                    Of(1e-2, device => KernelChecks.Libtorchs(() => Gradients(e.Spec, e.Side, device)))
                )
            ),
            (
                "3 steps, SgdSpec, libtorch alone",
                Of(
                    2e-2,
                    device =>
                        KernelChecks.Libtorchs(() => GpuTrainings.AfterSteps(Spec(new SgdSpec(0.9, 5e-4)), device))
                )
            ),
            .. Optimizers.Select(o =>
                (
                    $"3 steps, {o.GetType().Name}",
                    Of(o is AdamSpec ? 0.2 : 2e-2, device => GpuTrainings.AfterSteps(Spec(o), device))
                )
            ),
            (
                "3 steps, gradient caching",
                Of(
                    2e-3,
                    device => GpuTrainings.AfterSteps(Spec(new SgdSpec(0.9)) with { MicroBatches = new(24) }, device)
                )
            ),
            (
                "3 steps in bfloat16, loss",
                Of(
                    2e-2,
                    device =>
                        GpuTrainings.Losses3(Spec(new SgdSpec(0.9)) with { Precision = Precision.BFloat16 }, device)
                )
            ),
            .. Optimizers.Select(o =>
                (
                    $"60 steps as a graph, none waited for, {o.GetType().Name}",
                    (Func<(string, string, bool)>)(() => GpuTrainings.Graphed(Spec(o)))
                )
            ),
            (
                "60 steps as a graph, none waited for, bfloat16",
                () => GpuTrainings.Graphed(Spec(new SgdSpec(0.9)) with { Precision = Precision.BFloat16 })
            ),
            ("same seed twice, deterministic", () => GpuTrainings.Twice(true)),
            ("same seed twice", () => GpuTrainings.Twice(false)),
            .. Optimizers.Select(o =>
                ($"hidden waits, {o.GetType().Name}", (Func<(string, string, bool)>)(() => GpuTrainings.Waits(Spec(o))))
            ),
            (
                "hidden waits, gradient caching",
                () => GpuTrainings.Waits(Spec(new SgdSpec(0.9)) with { MicroBatches = new(24) })
            ),
            (
                "hidden waits, bfloat16",
                () => GpuTrainings.Waits(Spec(new SgdSpec(0.9)) with { Precision = Precision.BFloat16 })
            ),
            ("memory, step 50 to 250", GpuTrainings.Memory),
            ("features, k-NN, probe", Evaluation),
        ];

    private static (string Name, IView View)[] Views =>
        [
            ("crop", new RandomResizedCrop(32)),
            ("bicubic crop", new RandomResizedCrop(32, interpolation: Interpolation.Bicubic)),
            ("flip", new HorizontalFlip()),
            ("jitter", ColorJitter.OfStrength(1)),
            ("grayscale", new Grayscale(0.5)),
            ("blur", new GaussianBlur()),
            ("rotate", new Rotate()),
            ("cutout", new Cutout()),
            ("Sobel", new Sobel()),
            ("solarize", new Solarize()),
            ("RandAugment", new RandAugment()),
            ("AutoAugment", new AutoAugment()),
            ("recipe", Subjects.View),
        ];

    private static ILoss[] Losses =>
        [
            new NtXent(0.5),
            new NtXent(0.5, blockRows: 32),
            new NtLogistic(0.5),
            new MarginTriplet(1),
            new Dcl(0.5),
            new HardNegative(0.5),
            new SupCon(0.5),
        ];

    private static (string Name, EncoderSpec Spec, int Side)[] Encoders =>
        [
            ("ResNet-18", new ResNetSpec(18), 32),
            ("ResNet-50, ImageNet stem", new ResNetSpec(50, Stem: Stem.ImageNet), 64),
            ("SK-ResNet-50", new ResNetSpec(50, 0.5, SelectiveKernel: 1.0 / 16), 32),
            ("small", new SmallConvSpec([32, 64, 128]), 32),
            ("ViT", new VisionTransformerSpec(ImageSize: 32, Patch: 4, Dim: 96, Depth: 4, Heads: 3), 32),
        ];

    private static OptimizerSpec[] Optimizers =>
        [new SgdSpec(0.9, 5e-4), new LarsSpec(), new AdamSpec(WeightDecay: 1e-4)];

    internal static PretrainingSpec Spec(OptimizerSpec optimizer) =>
        Subjects.Training(Subjects.Encoders["resnet18-quarter"], Batch, Precision.Ieee) with
        {
            Optimizer = optimizer,
            LearningRate = 0.05,
        };

    /// <summary>The largest relative deviation of the GPU's tensors from the CPU's, each by its L2 norm.</summary>
    private static Func<(string, string, bool)> Of(double limit, Func<Device, IReadOnlyList<Tensor>> compute) =>
        () =>
        {
            var pairs = compute(CPU).Zip(compute(CUDA)).ToList();
            var worst = pairs.Max(pair => Deviation(pair.First, pair.Second));
            return ($"{worst:E1}", $"{limit:E0}", worst <= limit);
        };

    internal static double Deviation(Tensor expected, Tensor found)
    {
        var (a, b) = (
            expected.detach().cpu().to_type(ScalarType.Float64),
            found.detach().cpu().to_type(ScalarType.Float64)
        );
        var norm = a.norm().ToDouble();
        var apart = (a - b).norm().ToDouble();
        return double.IsNaN(apart) ? double.PositiveInfinity
            : norm == 0 ? apart
            : apart / norm;
    }

    private static Tensor Bytes(int count, int side, Device device)
    {
        using var generator = new Generator(3, CPU);
        return randint(0, 256, [count, 3, side, side], ScalarType.Byte, generator: generator).to(device);
    }

    private static Tensor Seen(IView view, Device device)
    {
        using var generator = new Generator(5, CPU);
        var images = ViewBatch.FromBytes(Bytes(Batch, 32, device));
        return view.Apply(images, view.Draw(BatchShape.Of(images), generator).To(device));
    }

    private static Tensor[] LossAndGradient(ILoss loss, Device device)
    {
        using var generator = new Generator(5, CPU);
        var a = randn([Batch, 32], generator: generator).to(device).requires_grad_();
        var b = randn([Batch, 32], generator: generator).to(device).requires_grad_();
        var labels = arange(Batch, ScalarType.Int64).remainder(7).to(device);
        var value = loss.Compute(a, b, labels);
        value.backward();
        return [value, a.grad!, b.grad!];
    }

    private static Tensor[] Gradients(EncoderSpec spec, int side, Device device)
    {
        using var generator = new Generator(5, CPU);
        using var network = spec.Create(3, generator);
        network.to(device);
        MemoryLayout.ToChannelsLast(network);
        var images = MemoryLayout.ChannelsLast(Bytes(16, side, device).to(ScalarType.Float32) / 255);
        var h = network.forward(images);
        (h * arange(h.shape[1], ScalarType.Float32, device)).square().mean().backward();
        GraphNode.ThrowIfFailed();
        return
        [
            h.clone(),
            .. network.parameters().Select(p => p.grad!.clone()),
            .. network.buffers().Where(b => b.is_floating_point()).Select(b => b.clone()),
        ];
    }

    private static (string, string, bool) Evaluation()
    {
        var found = new List<double[]>();
        foreach (var device in new[] { CPU, CUDA })
        {
            using var generator = new Generator(5, CPU);
            using var images = Labelled(600);
            using var tests = Labelled(300);
            using var network = Subjects.Encoders["small"].Create(3, generator);
            network.to(device);
            var frozen = new FrozenEncoder(network, device, new Identity());
            using var train = frozen.Train(images);
            using var test = frozen.Test(tests);
            using var split = new Generator(0, CPU);
            found.Add([
                NearestNeighbours.Top1(train, test, 10),
                LinearProbe.Run(train, test, [1e-4, 1e-2], 0.1, split).Top1,
            ]);
        }
        var apart = found[0].Zip(found[1]).Max(pair => Math.Abs(pair.First - pair.Second));
        return (
            $"{apart:P2} apart (CPU {string.Join(", ", found[0].Select(value => $"{value:P1}"))})",
            "1 %",
            apart <= 0.01
        );
    }

    /// <summary>Noise whose brightness shows its class.</summary>
    private static ImageSet Labelled(int count)
    {
        using var generator = new Generator((ulong)count, CPU);
        var labels = arange(count, ScalarType.Int64).remainder(4);
        var noise = randint(0, 120, [count, 3, 32, 32], ScalarType.Float32, generator: generator);
        return new ImageSet((noise + labels.view(-1, 1, 1, 1) * 20).to(ScalarType.Byte), labels, ["a", "b", "c", "d"]);
    }
}
