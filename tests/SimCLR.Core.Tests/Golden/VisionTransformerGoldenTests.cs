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

    [Theory]
    [InlineData("small", 16, 16)]
    [InlineData("large", 48, 48)]
    [InlineData("wide", 24, 40)]
    public void Positions_of_images_of_another_size_are_interpolated_as_by_PyTorch(string size, long height, long width)
    {
        using var golden = new GoldenFile(Network);
        using var scope = NewDisposeScope();
        using var model = Create();
        var h = model.forward(Formula.Numbers($"{Network}.{size}", [2, 3, height, width], 0, 1));
        golden.Compare($"{Network}.{size}.h", h, 1e-9);
        (h * Formula.Numbers($"{Network}.{size} direction", [2, 48])).sum().backward();
        var gradients = model.named_parameters().Select(entry => (entry.name, entry.parameter.grad!));
        golden.CompareDigests($"{Network}.{size}.gradients", gradients, 1e-9);
    }

    [Fact]
    public void A_tenth_of_a_patch_added_as_in_DINOs_code_is_a_mistake_not_made()
    {
        using var golden = new GoldenFile(Network);
        using var scope = NewDisposeScope();
        var grid = Formula.Numbers($"{Network}.positions", [1, 5, 14, 14]);
        var positions = cat([zeros(1, 1, 5, ScalarType.Float64), grid.flatten(2).transpose(1, 2)], 1);
        var weights = PositionGrid.Weights(14, 6);
        var resized = PositionGrid.Resize(positions, weights, weights).narrow(1, 1, 36);
        golden.Compare($"{Network}.positions", resized.transpose(1, 2).view(1, 5, 6, 6), 1e-12);
        var beside = golden[$"{Network}.positions beside"];
        Assert.True((resized.transpose(1, 2).view(1, 5, 6, 6) - beside).abs().max().ToDouble() > 0.05);
    }
}
