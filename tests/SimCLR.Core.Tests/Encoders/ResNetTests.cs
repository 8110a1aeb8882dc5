using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Encoders;

public class ResNetTests
{
    private static ResNet Create(ResNetSpec spec, long channels = 3, long? classes = null, long seed = 0)
    {
        using var weights = new RandomStreams(seed).At(RandomStreams.Weights, 0);
        return new ResNet(spec, channels, weights, classes);
    }

    // Counts as torchvision's documentation of its ImageNet weights states them ("num_params").
    [Theory]
    [InlineData(18, 11_689_512)]
    [InlineData(34, 21_797_672)]
    [InlineData(50, 25_557_032)]
    [InlineData(101, 44_549_160)]
    [InlineData(152, 60_192_808)]
    public void Has_torchvisions_parameters(int depth, long expected)
    {
        using var network = Create(new ResNetSpec(depth, Stem: Stem.ImageNet), classes: 1000);
        Assert.Equal(expected, network.parameters().Sum(parameter => parameter.numel()));
    }

    // The paper's Table 6 and 7: 24M, 94M and 375M.
    [Theory]
    [InlineData(1, 24)]
    [InlineData(2, 94)]
    [InlineData(4, 375)]
    public void Widths_have_the_papers_parameters(double width, double millions)
    {
        using var network = Create(new ResNetSpec(50, width, Stem.ImageNet));
        Assert.Equal(millions, network.parameters().Sum(parameter => parameter.numel()) / 1e6, tolerance: 0.75);
    }

    [Fact]
    public void State_names_of_depth_18_are_torchvisions()
    {
        string[] Norm(string name) =>
            [
                $"{name}.weight",
                $"{name}.bias",
                $"{name}.running_mean",
                $"{name}.running_var",
                $"{name}.num_batches_tracked",
            ];
        var expected = new List<string> { "conv1.weight" };
        expected.AddRange(Norm("bn1"));
        foreach (var layer in new[] { 1, 2, 3, 4 })
        foreach (var block in new[] { 0, 1 })
        {
            var name = $"layer{layer}.{block}";
            expected.Add($"{name}.conv1.weight");
            expected.AddRange(Norm($"{name}.bn1"));
            expected.Add($"{name}.conv2.weight");
            expected.AddRange(Norm($"{name}.bn2"));
            if (layer > 1 && block == 0)
            {
                expected.Add($"{name}.downsample.0.weight");
                expected.AddRange(Norm($"{name}.downsample.1"));
            }
        }
        expected.AddRange(["fc.weight", "fc.bias"]);

        using var network = Create(new ResNetSpec(18, Stem: Stem.ImageNet), classes: 1000);
        Assert.Equal(122, expected.Count);
        Assert.Equal(expected.Order(), network.state_dict().Keys.Order());
    }

    [Fact]
    public void Depth_50_puts_its_stride_into_the_3x3_convolution()
    {
        using var network = Create(new ResNetSpec(50, Stem: Stem.ImageNet), classes: 1000);
        var state = network.state_dict();
        Assert.Equal(320, state.Count);
        Assert.Equal([256, 64, 1, 1], state["layer1.0.downsample.0.weight"].shape);
        Assert.Equal([512, 512, 3, 3], state["layer4.2.conv2.weight"].shape);
        Assert.Equal([2048, 512, 1, 1], state["layer4.2.conv3.weight"].shape);
    }

    [Theory]
    [InlineData(18, 1.0, Stem.Cifar, 32, 512)]
    [InlineData(18, 0.25, Stem.Cifar, 32, 128)]
    [InlineData(34, 0.1, Stem.Cifar, 24, 51)]
    [InlineData(50, 0.5, Stem.ImageNet, 64, 1024)]
    public void Output_is_one_vector_per_image(int depth, double width, Stem stem, long size, long features)
    {
        using var network = Create(new ResNetSpec(depth, width, stem), channels: 1);
        using var h = network.forward(zeros(2, 1, size, size));
        Assert.Equal(features, network.FeatureSize);
        Assert.Equal([2, features], h.shape);
    }

    [Fact]
    public void Cifar_stem_keeps_the_resolution_of_32_pixel_images()
    {
        using var network = Create(new ResNetSpec(18));
        Assert.Equal([64, 3, 3, 3], network.state_dict()["conv1.weight"].shape);

        // One changed pixel must reach every position that a stride-1, padding-1 convolution lets it reach: the map has 32 x 32.
        var convolution = (Convolution)network.named_children().First(child => child.name == "conv1").module;
        using var map = convolution.forward(zeros(1, 3, 32, 32));
        Assert.Equal([1, 64, 32, 32], map.shape);
    }

    [Fact]
    public void Zero_initialized_blocks_start_as_identity_branches()
    {
        using var zero = Create(new ResNetSpec(18));
        using var one = Create(new ResNetSpec(18, ZeroInitResidual: false));
        Assert.All(LastNorms(zero), weight => Assert.Equal(0, weight.abs().sum().ToSingle()));
        Assert.All(LastNorms(one), weight => Assert.Equal(1, weight.mean().ToSingle()));

        static List<Tensor> LastNorms(ResNet network) =>
            [
                .. network
                    .state_dict()
                    .Where(entry => entry.Key.StartsWith("layer") && entry.Key.EndsWith(".bn2.weight"))
                    .Select(entry => entry.Value),
            ];
    }

    [Fact]
    public void Weights_come_from_the_given_generator_alone()
    {
        manual_seed(1);
        using var first = Create(new ResNetSpec(18, 0.25), seed: 5);
        manual_seed(2);
        using var second = Create(new ResNetSpec(18, 0.25), seed: 5);
        using var other = Create(new ResNetSpec(18, 0.25), seed: 6);
        var pairs = first.state_dict().Zip(second.state_dict());
        Assert.All(
            pairs,
            pair => Assert.True(pair.First.Value.eq(pair.Second.Value).all().ToBoolean(), pair.First.Key)
        );
        Assert.False(first.state_dict()["conv1.weight"].eq(other.state_dict()["conv1.weight"]).all().ToBoolean());
    }

    [Fact]
    public void Convolutions_start_with_variance_2_over_fan_out()
    {
        using var network = Create(new ResNetSpec(18));
        var weight = network.state_dict()["layer4.1.conv1.weight"];
        // 2.36 million draws: the sample's deviation is within 1% of sqrt(2 / (512 * 9)) with overwhelming probability.
        Assert.Equal(Math.Sqrt(2.0 / (512 * 9)), weight.std().ToSingle(), tolerance: 0.0002);
    }

    [Fact]
    public void A_depth_or_width_that_cannot_be_is_refused()
    {
        Assert.Contains("18, 34", Assert.Throws<ArgumentOutOfRangeException>(() => Create(new ResNetSpec(20))).Message);
        Assert.Contains(
            "leaves no channel",
            Assert.Throws<ArgumentOutOfRangeException>(() => Create(new ResNetSpec(18, 0.001))).Message
        );
    }

    [Fact]
    public void Channels_last_weights_change_no_result()
    {
        using var network = Create(new ResNetSpec(18, 0.25, ZeroInitResidual: false));
        network.eval();
        using var generator = new RandomStreams(0).At("test", 0);
        using var images = rand(4, 3, 32, 32, generator: generator);
        using var plain = network.forward(images);
        MemoryLayout.ToChannelsLast(network);
        using var last = network.forward(MemoryLayout.ChannelsLast(images));
        Assert.Equal(0, (plain - last).abs().max().ToSingle(), tolerance: 1e-4 * plain.abs().max().ToSingle());
    }

    // Float64 is not computed by oneDNN, whose strided 1x1 convolutions of few channels go wrong.
    [Theory]
    [InlineData(18, 1.0 / 64)]
    [InlineData(18, 1.0 / 16)]
    [InlineData(18, 1.0 / 8)]
    [InlineData(50, 1.0 / 64)]
    [InlineData(50, 1.0 / 32)]
    public void A_narrow_networks_gradient_in_channels_last_is_that_in_float64(int depth, double width)
    {
        using var scope = NewDisposeScope();
        using var network = Create(new ResNetSpec(depth, width, ZeroInitResidual: false));
        // Fixed statistics: the gradient through those of a batch is too ill-conditioned to be compared in float32.
        network.eval();
        using var generator = new Generator(3, CPU);
        var images = rand([8, 3, 32, 32], generator: generator);
        MemoryLayout.ToChannelsLast(network);
        for (var i = 0; i < 3; i++)
            network.forward(MemoryLayout.ChannelsLast(images)).square().sum().backward();
        var single = network
            .named_parameters()
            .ToDictionary(p => p.name, p => p.parameter.grad!.to(ScalarType.Float64));
        network.zero_grad();
        network.to(ScalarType.Float64);
        network.forward(images.to(ScalarType.Float64)).square().sum().backward();
        foreach (var (name, parameter) in network.named_parameters())
        {
            var exact = parameter.grad! * 3;
            var deviation = (single[name] - exact).norm().ToDouble() / (exact.norm().ToDouble() + 1e-30);
            Assert.True(deviation < 1e-4, $"{name}: {deviation}");
        }
    }
}
