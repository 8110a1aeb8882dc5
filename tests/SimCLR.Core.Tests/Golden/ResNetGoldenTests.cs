using SimCLR.Core.Encoders;
using SimCLR.Core.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>ResNets against torchvision's with the same weights and images.</summary>
public class ResNetGoldenTests
{
    // float64 shows that the operations are the same; what remains is the order of additions.
    private const double Double = 1e-9;
    private const double Single = 1e-5;

    // Batch norm over few positions enlarges the rounding of every layer before it: PyTorch's own float32 is 7e-5 off its float64.
    private const double SingleInTraining = 2e-4;

    private static ResNet Create(string network, int depth, Stem stem)
    {
        using var generator = new Generator(1, CPU);
        var model = new ResNet(new ResNetSpec(depth, Stem: stem), 3, generator, classes: 10);
        Formula.Fill(network, model);
        return model;
    }

    private static Tensor Images(string network, long side, string which = "images") =>
        Formula.Numbers($"{network}.{which}", [4, 3, side, side], 0, 1);

    private static Tensor Infer(ResNet model, Tensor images)
    {
        using var noGrad = no_grad();
        model.eval();
        return model.forward(images);
    }

    [Theory]
    [InlineData("resnet18", 18, Stem.ImageNet, 64)]
    [InlineData("resnet50", 50, Stem.ImageNet, 64)]
    [InlineData("resnet18cifar", 18, Stem.Cifar, 16)]
    public void Outputs_and_gradients_are_torchvisions(string network, int depth, Stem stem, long side)
    {
        using var golden = new GoldenFile("resnet");
        using var scope = NewDisposeScope();
        using var model = Create(network, depth, stem);
        var images = Images(network, side);
        golden.Compare($"{network}.eval", Infer(model, images), Double);

        model.train();
        var logits = model.forward(images);
        golden.Compare($"{network}.train", logits, Double);
        (logits * Formula.Numbers($"{network}.direction", [4, 10])).sum().backward();
        var gradients = model.named_parameters().Select(entry => (entry.name, entry.parameter.grad!));
        golden.CompareDigests($"{network}.gradients", gradients, Double);
    }

    [Theory]
    [InlineData("resnet50", 50, Stem.ImageNet, 64)]
    [InlineData("resnet18cifar", 18, Stem.Cifar, 16)]
    public void Outputs_in_float32_are_torchvisions_too(string network, int depth, Stem stem, long side)
    {
        using var golden = new GoldenFile("resnet");
        using var scope = NewDisposeScope();
        using var model = Create(network, depth, stem);
        model.to(ScalarType.Float32);
        var images = Images(network, side).to(ScalarType.Float32);
        golden.Compare($"{network}.eval", Infer(model, images), Single);
        model.train();
        golden.Compare($"{network}.train", model.forward(images), SingleInTraining);
    }

    [Fact]
    public void Batch_norm_statistics_and_weights_after_three_steps_are_torchvisions()
    {
        const string network = "training";
        using var golden = new GoldenFile("resnet");
        using var scope = NewDisposeScope();
        using var model = Create(network, 18, Stem.Cifar);
        using var optimizer = new SgdSpec(WeightDecay: 0.01).Create(ParameterGroups.Of(model));
        optimizer.LearningRate = 0.01;
        var direction = Formula.Numbers($"{network}.direction", [4, 10], -0.1, 0.1);
        model.train();
        for (var step = 0; step < 3; step++)
        {
            optimizer.ZeroGrad();
            (model.forward(Images(network, 16, $"images.{step}")) * direction).sum().backward();
            optimizer.Step();
        }
        var state = model.state_dict().Where(entry => entry.Value.dtype == ScalarType.Float64);
        golden.CompareDigests($"{network}.state", state.Select(entry => (entry.Key, entry.Value)), Double);
        golden.Compare($"{network}.eval", Infer(model, Images(network, 16, "images.0")), Double);
        var counted = model.state_dict().Where(entry => entry.Key.EndsWith("num_batches_tracked"));
        Assert.All(counted, entry => Assert.Equal(3, entry.Value.ToInt64()));
    }
}
