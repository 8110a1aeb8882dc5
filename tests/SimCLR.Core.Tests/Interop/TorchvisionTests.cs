using SimCLR.Core.Encoders;
using SimCLR.Core.Interop;
using SimCLR.Core.Tests.Golden;
using SimCLR.Core.Tests.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Interop;

/// <summary>Weights exchanged with torchvision itself; skipped where Debian's python3-torchvision is absent.</summary>
public class TorchvisionTests
{
    private const double Tolerance = 1e-5;

    private static readonly Dictionary<string, ResNetSpec> Cases = new()
    {
        ["resnet18cifar"] = new ResNetSpec(18, ZeroInitResidual: false),
        ["resnet50"] = new ResNetSpec(50, Stem: Stem.ImageNet, ZeroInitResidual: false),
    };

    [Fact]
    public void Weights_load_in_PyTorch_with_strict_and_torchvisions_load_here()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var before = Cases.ToDictionary(entry => entry.Key, entry => Export(entry.Key, entry.Value, folder.Root));
        PythonScript.Run("interop.py", "python3-torch python3-torchvision", folder.Root);
        foreach (var (name, spec) in Cases)
        {
            Near(Read(folder.Root, $"{name}.torch"), before[name]);
            using var other = Create(spec);
            var loaded = EncoderWeights.Load(other, Path.Combine(folder.Root, $"{name}.weights.safetensors"));
            var prefix = name == "resnet50" ? "module.backbone." : "";
            Assert.Equal([$"{prefix}fc.bias", $"{prefix}fc.weight"], loaded.Ignored);
            Assert.Equal(prefix, loaded.Names.Prefix);
            var h = Represent(other);
            Near(Read(folder.Root, $"{name}.expected"), h);
            Assert.True((h - before[name]).abs().max().ToSingle() > 1e-2, "The weights did not change.");
        }
    }

    private static Encoder Create(ResNetSpec spec)
    {
        using var generator = new Generator(7, CPU);
        return spec.Create(3, generator);
    }

    /// <summary>An encoder whose batch norms have seen images, written; what it makes of the images that Python sees too.</summary>
    private static Tensor Export(string name, ResNetSpec spec, string folder)
    {
        using var encoder = Create(spec);
        using (no_grad())
        {
            encoder.train();
            using var seen = encoder.forward(Images() * 2 - 0.5);
        }
        EncoderWeights.Save(encoder, Path.Combine(folder, $"{name}.safetensors"));
        return Represent(encoder);
    }

    private static Tensor Represent(Encoder encoder)
    {
        using var noGrad = no_grad();
        encoder.eval();
        return encoder.forward(Images());
    }

    private static Tensor Images() => Formula.Numbers("interop.images", [4, 3, 64, 64], 0, 1).to(ScalarType.Float32);

    private static Tensor Read(string folder, string name)
    {
        using var stream = File.OpenRead(Path.Combine(folder, $"{name}.safetensors"));
        return Safetensors.Read(stream, name).Tensors["h"];
    }

    private static void Near(Tensor expected, Tensor actual)
    {
        var deviation = ((actual - expected).abs().max() / expected.abs().max()).ToDouble();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{actual.abs().max().ToSingle()} deviates by {deviation:E1}, allowed {Tolerance:E0}"
        );
        Assert.True(deviation <= Tolerance, $"The outputs deviate by {deviation:E2}; allowed are {Tolerance:E0}.");
    }
}
