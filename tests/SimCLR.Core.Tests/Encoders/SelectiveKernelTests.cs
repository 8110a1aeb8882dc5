using SimCLR.Core.Encoders;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Encoders;

public class SelectiveKernelTests
{
    private static ResNet Create(ResNetSpec spec, long channels = 3)
    {
        using var weights = new Generator(0, CPU);
        return new ResNet(spec, channels, weights);
    }

    // Millions of parameters as SimCLR v2 (2006.10029), Table 1 prints them, of width 1, 2 and 3.
    [Theory]
    [InlineData(50, 35, 140, null)]
    [InlineData(101, 65, 257, null)]
    [InlineData(152, 89, 354, 795.0)]
    public void Networks_have_the_papers_parameters(int depth, double once, double twice, double? thrice)
    {
        using var network = Create(new ResNetSpec(depth, Stem: Stem.ImageNet, SelectiveKernel: 1.0 / 16));
        var shapes = network.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.shape);
        Assert.Equal(once, Millions(shapes, 1), tolerance: 0.75);
        Assert.Equal(twice, Millions(shapes, 2), tolerance: 0.75);
        if (thrice is { } millions)
            Assert.Equal(millions, Millions(shapes, 3), tolerance: 0.75);
    }

    [Fact]
    public void Wide_networks_have_the_shapes_that_the_count_supposes()
    {
        var spec = new ResNetSpec(50, 0.5, Stem.ImageNet, SelectiveKernel: 1.0 / 16);
        using var once = Create(spec);
        using var twice = Create(spec with { Width = 1 });
        var shapes = once.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.shape);
        Assert.Equal(
            twice.parameters().Sum(parameter => parameter.numel()) / 1e6,
            Millions(shapes, 2),
            tolerance: 1e-9
        );
    }

    /// <summary>Parameters at another width, without memory for them: every channel count is multiplied but those of the image and of the
    /// reduced votes, a sixteenth of a path's channels and at least 32.</summary>
    private static double Millions(Dictionary<string, long[]> shapes, long width)
    {
        return shapes.Sum(entry => entry.Value.Select((size, i) => Size(entry.Key, size, i)).Aggregate((a, b) => a * b))
            / 1e6;

        long Size(string name, long size, int dimension)
        {
            var reduced =
                (name.EndsWith("attn.fc_reduce.weight") && dimension == 0)
                || name.Contains("attn.bn.")
                || (name.EndsWith("attn.fc_select.weight") && dimension == 1);
            if (reduced)
                return Math.Max(width * shapes[name[..name.IndexOf("attn")] + "conv.weight"][1] / 16, 32);
            return dimension > 1 || (name == "conv1.0.weight" && dimension == 1) ? size : size * width;
        }
    }

    [Fact]
    public void The_mixing_weights_of_two_equal_paths_do_not_matter()
    {
        using var scope = NewDisposeScope();
        using var kernel = new SelectiveKernel(4, 1, 1);
        using var generator = new Generator(3, CPU);
        Initialization.Draw(kernel, generator);
        using var noGrad = no_grad();
        kernel.eval();
        var weight = kernel.state_dict()["conv.weight"];
        weight.narrow(0, 4, 4).copy_(weight.narrow(0, 0, 4));
        var images = randn(2, 4, 6, 6, generator: generator);
        var plain = nn.functional.conv2d(images, weight.narrow(0, 0, 4), padding: [1, 1]).relu() / Math.Sqrt(1 + 1e-5);
        Assert.True((kernel.forward(images) - plain).abs().max().ToSingle() < 1e-5);
    }

    [Fact]
    public void One_path_is_chosen_where_its_vote_is_much_higher()
    {
        using var scope = NewDisposeScope();
        using var kernel = new SelectiveKernel(2, 1, 1);
        using var noGrad = no_grad();
        kernel.eval();
        var state = kernel.state_dict();
        // Path 1 gives 1 where an image is 1, path 2 gives 5; the reduced features are above 0, and vote by 100 for path 2 of channel 1
        // and for path 1 of channel 2.
        state["conv.weight"].zero_();
        state["conv.weight"].select(2, 1).select(2, 1).copy_(tensor([1f, 0, 0, 1, 5, 0, 0, 5], [4, 2]));
        state["attn.fc_reduce.weight"].fill_(1);
        state["attn.fc_select.weight"].zero_();
        state["attn.fc_select.weight"].select(1, 0).view(4).copy_(tensor([0f, 100, 100, 0]));
        var output = kernel.forward(ones(1, 2, 3, 3)) * Math.Sqrt(1 + 1e-5);
        Assert.Equal(5, output[0, 0, 1, 1].ToSingle(), 4);
        Assert.Equal(1, output[0, 1, 1, 1].ToSingle(), 4);
    }

    [Theory]
    [InlineData(4, 2, new float[] { 2.5f, 4.5f, 10.5f, 12.5f })]
    [InlineData(3, 2, new float[] { 2f, 1.75f, 3.25f, 2f })] // zeros beyond an odd side count
    [InlineData(3, 1, new float[] { 2f, 3f, 3.5f, 5f, 6f, 6.5f, 6.5f, 7.5f, 8f })] // only pixels that there are count
    public void The_shortcuts_mean_by_hand(long side, long stride, float[] expected)
    {
        using var scope = NewDisposeScope();
        var numbers = side == 4 ? Rows() : arange(9, ScalarType.Float32);
        var output = new ShortcutPool(stride).forward(numbers.view(1, 1, side, side));
        Assert.Equal(expected, output.data<float>().ToArray());

        // 0 1 2 3 / 4 5 6 7 / ...
        static Tensor Rows() => arange(16, ScalarType.Float32);
    }

    [Theory]
    [InlineData(18, 0.0625, "50, 101 or 152")]
    [InlineData(50, 0.0, "1/16")]
    [InlineData(50, 1.5, "1/16")]
    [InlineData(50, double.NaN, "1/16")]
    public void A_depth_or_ratio_that_cannot_be_is_refused(int depth, double ratio, string remedy) =>
        Assert.Contains(
            remedy,
            Assert
                .Throws<ArgumentOutOfRangeException>(() => Create(new ResNetSpec(depth, 0.25, SelectiveKernel: ratio)))
                .Message
        );

    [Fact]
    public void The_Cifar_stem_stays_one_convolution_and_no_stride_is_lost()
    {
        using var network = Create(new ResNetSpec(50, 0.125, SelectiveKernel: 1.0 / 16));
        Assert.Equal([8, 3, 3, 3], network.state_dict()["conv1.weight"].shape);
        using var h = network.forward(zeros(2, 3, 32, 32));
        Assert.Equal([2, 256], h.shape);
    }
}
