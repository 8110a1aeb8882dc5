using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>What is measured: encoders, views and training as in the CIFAR-10 experiments.</summary>
internal static class Subjects
{
    internal static readonly Dictionary<string, EncoderSpec> Encoders = new()
    {
        ["resnet18"] = new ResNetSpec(18),
        ["resnet18-quarter"] = new ResNetSpec(18, 0.25),
        ["resnet50"] = new ResNetSpec(50),
        ["small"] = new SmallConvSpec([32, 64, 128]),
    };

    internal static readonly Dictionary<string, Precision> Precisions = new()
    {
        ["float32"] = Precision.Float32,
        ["bfloat16"] = Precision.BFloat16,
    };

    /// <summary>The names of those that the device has instructions for, the fastest of a GPU last.</summary>
    internal static IReadOnlyList<string> Supported(Device device) =>
        [.. Precisions.Keys.Where(name => name == "float32" || Autocast.IsSupported(device))];

    /// <summary>Where to compute: what --device says, else the GPU if there is one.</summary>
    internal static Device DeviceOf(Options options) =>
        options.Text("device", cuda.is_available() ? "cuda" : "cpu") switch
        {
            "cpu" => CPU,
            "cuda" when cuda.is_available() => CUDA,
            "cuda" => throw new OptionException(
                "--device is 'cuda', but this libtorch sees no CUDA device; set SIMCLR_LIBTORCH to a CUDA PyTorch's lib folder"
            ),
            var other => throw new OptionException($"--device is '{other}'; choose cpu, cuda"),
        };

    /// <summary>The views of dkobak/simclr-cifar10: crop of area 0.2 .. 1, flip, jitter 0.4/0.4/0.4/0.1, grayscale 0.1.</summary>
    internal static IView View { get; } =
        new Sequence(
            new RandomResizedCrop(32, areaMin: 0.2),
            new HorizontalFlip(),
            new ColorJitter(0.4, 0.4, 0.4, 0.1),
            new Grayscale(0.1)
        );

    /// <summary>dkobak/simclr-cifar10's recipe: SGD 0.9, decay 5e-4, temperature 0.5, rate 0.06 (to 100 epochs) or 0.03 per 256 images, cosine.</summary>
    internal static PretrainingSpec Training(
        EncoderSpec encoder,
        int batch,
        Precision precision,
        int epochs = 1_000_000
    ) =>
        new()
        {
            ViewA = View,
            ViewB = View,
            Encoder = encoder,
            Head = new HeadSpec(),
            Method = new SimClrSpec(new NtXent(0.5), 0.5),
            Optimizer = new SgdSpec(0.9, 5e-4),
            LearningRate = Rate(batch, epochs),
            BatchSize = batch,
            Epochs = epochs,
            Precision = precision,
        };

    /// <summary>dkobak's learning rate: larger for short runs.</summary>
    internal static double Rate(int batch, int epochs) => (epochs <= 100 ? 0.06 : 0.03) * batch / 256;

    /// <summary>Random bytes as a data set: what they show costs no step any time.</summary>
    internal static ImageSet Noise(int count)
    {
        using var generator = new Generator(7, CPU);
        var images = randint(0, 256, [count, 3, 32, 32], ScalarType.Byte, CPU, generator: generator);
        return new ImageSet(images, zeros(count, ScalarType.Int64), ["noise"]);
    }

    /// <summary>Waits until the device has done what it was given.</summary>
    internal static void Wait(Device device)
    {
        if (device.type == DeviceType.CUDA)
            cuda.synchronize();
    }
}
