using SimCLR.Core.Encoders;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>SK-ResNet against make.py's, which is written out from SimCLR v2's reference code.</summary>
public class SelectiveKernelGoldenTests
{
    [Fact]
    public void Outputs_and_gradients_are_those_of_the_reference_code_written_out()
    {
        const string network = "sk50";
        using var golden = new GoldenFile("resnet");
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var spec = new ResNetSpec(50, 0.125, Stem.ImageNet, SelectiveKernel: 1);
        using var model = new ResNet(spec, 3, generator);
        Formula.Fill(network, model);
        model.train();
        var h = model.forward(Formula.Numbers($"{network}.images", [4, 3, 60, 60], 0, 1));
        golden.Compare($"{network}.h", h, 1e-9);
        (h * Formula.Numbers($"{network}.direction", [4, 256])).sum().backward();
        var gradients = model.named_parameters().Select(entry => (entry.name, entry.parameter.grad!));
        golden.CompareDigests($"{network}.gradients", gradients, 1e-9);
    }
}
