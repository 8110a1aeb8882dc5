using SimCLR.Core.Encoders;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>Vision transformers against torchvision's, whose tensors make.py calls by timm's names.</summary>
public class VisionTransformerGoldenTests
{
    private const string Network = "vit";

    private static VisionTransformer Create()
    {
        using var generator = new Generator(1, CPU);
        var model = new VisionTransformer(new VisionTransformerSpec(32, 8, 48, 3, 3), 3, generator);
        Formula.Fill(Network, model);
        return model;
    }

    private static Tensor Images() => Formula.Numbers($"{Network}.images", [4, 3, 32, 32], 0, 1);

    [Fact]
    public void Outputs_and_gradients_are_torchvisions()
    {
        using var golden = new GoldenFile(Network);
        using var scope = NewDisposeScope();
        using var model = Create();
        var h = model.forward(Images());
        golden.Compare($"{Network}.h", h, 1e-9);
        (h * Formula.Numbers($"{Network}.direction", [4, 48])).sum().backward();
        var gradients = model.named_parameters().Select(entry => (entry.name, entry.parameter.grad!));
        golden.CompareDigests($"{Network}.gradients", gradients, 1e-9);
    }

    [Fact]
    public void Outputs_in_float32_are_torchvisions_too()
    {
        using var golden = new GoldenFile(Network);
        using var scope = NewDisposeScope();
        using var model = Create();
        model.to(ScalarType.Float32);
        golden.Compare($"{Network}.h", model.forward(Images().to(ScalarType.Float32)), 1e-5);
    }
}
