using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Encoders;

public class VisionTransformerTests
{
    private static readonly VisionTransformerSpec Mini = new(16, 4, 24, 2, 3);

    private static VisionTransformer Create(VisionTransformerSpec spec, long channels = 3, ulong seed = 0)
    {
        using var weights = new Generator(seed, CPU);
        return new VisionTransformer(spec, channels, weights);
    }

    // timm: deit_tiny_patch16_224 has 5,717,416 parameters with 1000 classes, 193,000 of them the classifier's; ViT-S/16 likewise.
    [Theory]
    [InlineData(true, 5_717_416 - 193_000)]
    [InlineData(false, 21_665_664)]
    public void Has_timms_parameters(bool tiny, long expected)
    {
        using var network = Create(tiny ? VisionTransformerSpec.Tiny(224) : VisionTransformerSpec.Small(224));
        Assert.Equal(expected, network.parameters().Sum(parameter => parameter.numel()));
    }

    [Fact]
    public void Frozen_patches_stay_as_they_were_drawn_and_are_no_parameters_of_the_optimizer()
    {
        using var images = Noise();
        var spec = Spec() with { Encoder = new VisionTransformerSpec(16, 8, 24, 1, 3, FrozenPatches: true) };
        using var training = new Pretraining(spec, images, CPU);
        using var before = training.Encoder.state_dict()["patch_embed.proj.weight"].clone();
        training.Run();
        Assert.True(before.equal(training.Encoder.state_dict()["patch_embed.proj.weight"]).all().ToBoolean());
        Assert.DoesNotContain(training.State.Keys, name => name.StartsWith("optimizer.encoder.patch_embed"));
        Assert.Contains(training.State.Keys, name => name.StartsWith("optimizer.encoder.blocks"));
        // The same weights as without: freezing draws nothing.
        using var free = new Pretraining(
            spec with
            {
                Encoder = new VisionTransformerSpec(16, 8, 24, 1, 3),
            },
            images,
            CPU
        );
        Assert.True(before.equal(free.Encoder.state_dict()["patch_embed.proj.weight"]).all().ToBoolean());
    }

    [Fact]
    public void State_names_and_shapes_are_timms()
    {
        using var network = Create(new VisionTransformerSpec(32, 8, 48, 2, 3));
        var expected = new Dictionary<string, long[]>
        {
            ["cls_token"] = [1, 1, 48],
            ["pos_embed"] = [1, 17, 48],
            ["patch_embed.proj.weight"] = [48, 3, 8, 8],
            ["patch_embed.proj.bias"] = [48],
            ["norm.weight"] = [48],
            ["norm.bias"] = [48],
        };
        foreach (var block in new[] { "blocks.0", "blocks.1" })
        foreach (
            var (name, shape) in new (string, long[])[]
            {
                ("norm1", [48]),
                ("attn.qkv", [144, 48]),
                ("attn.proj", [48, 48]),
                ("norm2", [48]),
                ("mlp.fc1", [192, 48]),
                ("mlp.fc2", [48, 192]),
            }
        )
        {
            expected[$"{block}.{name}.weight"] = shape;
            expected[$"{block}.{name}.bias"] = [shape[0]];
        }
        var state = network.state_dict();
        Assert.Equal(expected.Keys.Order(), state.Keys.Order());
        Assert.All(expected, entry => Assert.Equal(entry.Value, state[entry.Key].shape));
    }

    [Fact]
    public void Attention_is_the_loops()
    {
        using var scope = NewDisposeScope();
        const int tokens = 5,
            dim = 6,
            heads = 2,
            each = 3;
        using var attention = new Attention(dim, heads);
        attention.to(ScalarType.Float64);
        using var generator = new Generator(2, CPU);
        var x = randn(1, tokens, dim, ScalarType.Float64, generator: generator);
        var state = attention.state_dict();
        var qkv = Table(nn.functional.linear(x[0], state["qkv.weight"], state["qkv.bias"]));
        var mixed = new double[tokens, dim];
        for (var h = 0; h < heads; h++)
        for (var t = 0; t < tokens; t++)
        {
            var weights = new double[tokens];
            for (var s = 0; s < tokens; s++)
            {
                for (var i = 0; i < each; i++)
                    weights[s] += qkv[t, h * each + i] * qkv[s, dim + h * each + i];
                weights[s] = Math.Exp(weights[s] / Math.Sqrt(each));
            }
            for (var i = 0; i < each; i++)
            for (var s = 0; s < tokens; s++)
                mixed[t, h * each + i] += weights[s] / weights.Sum() * qkv[s, 2 * dim + h * each + i];
        }
        var expected = nn.functional.linear(tensor(mixed), state["proj.weight"], state["proj.bias"]);
        Assert.True((attention.forward(x)[0] - expected).abs().max().ToDouble() < 1e-12);

        static double[,] Table(Tensor values)
        {
            var table = new double[values.shape[0], values.shape[1]];
            Buffer.BlockCopy(values.contiguous().data<double>().ToArray(), 0, table, 0, sizeof(double) * table.Length);
            return table;
        }
    }

    [Fact]
    public void The_gradient_is_that_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        using var network = Create(Mini);
        network.to(ScalarType.Float64);
        using var generator = new Generator(4, CPU);
        var images = rand(2, 3, 16, 16, ScalarType.Float64, generator: generator);
        var direction = randn(2, 24, ScalarType.Float64, generator: generator);
        Loss().backward();
        const double step = 1e-5;
        foreach (var (name, parameter) in network.named_parameters())
        {
            using var noGrad = no_grad();
            var along = randn(parameter.shape, ScalarType.Float64, generator: generator);
            var start = parameter.detach().clone();
            parameter.copy_(start + along * step);
            var above = Loss().ToDouble();
            parameter.copy_(start - along * step);
            var below = Loss().ToDouble();
            parameter.copy_(start);
            var expected = (above - below) / (2 * step);
            var analytic = (parameter.grad! * along).sum().ToDouble();
            Assert.True(
                Math.Abs(expected - analytic) < 1e-6 * (1 + Math.Abs(expected)),
                $"{name}: {expected} {analytic}"
            );
        }

        Tensor Loss() => (network.forward(images) * direction).sum();
    }

    [Fact]
    public void Positions_matter_and_without_them_the_order_of_patches_does_not()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = Create(Mini);
        using var generator = new Generator(4, CPU);
        var images = rand(1, 3, 16, 16, generator: generator);
        // The upper half below the lower: whole patches change place.
        var swapped = cat([images.narrow(2, 8, 8), images.narrow(2, 0, 8)], 2);
        Assert.True(Difference() > 1e-4);
        network.state_dict()["pos_embed"].zero_();
        Assert.True(Difference() < 1e-5);

        double Difference() => (network.forward(images) - network.forward(swapped)).abs().max().ToDouble();
    }

    [Fact]
    public void Weights_come_from_the_given_generator_alone()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var first = Create(Mini, seed: 5);
        manual_seed(2);
        using var second = Create(Mini, seed: 5);
        using var other = Create(Mini, seed: 6);
        var (a, b, c) = (first.state_dict(), second.state_dict(), other.state_dict());
        Assert.All(a, entry => Assert.True(entry.Value.eq(b[entry.Key]).all().ToBoolean(), entry.Key));
        Assert.All(
            a.Where(entry => entry.Value.dim() > 1),
            entry => Assert.False(entry.Value.eq(c[entry.Key]).all().ToBoolean(), entry.Key)
        );
    }

    [Fact]
    public void Weights_start_as_a_normal_cut_at_two_deviations()
    {
        using var scope = NewDisposeScope();
        using var network = Create(VisionTransformerSpec.Tiny(32, 4));
        var state = network.state_dict();
        var weight = state["blocks.0.mlp.fc1.weight"];
        Assert.InRange(weight.abs().max().ToDouble(), 0.0395, 0.04 + 1e-6);
        // A normal cut at two deviations has 0.8796 of the deviation; 147,456 draws.
        Assert.Equal(0.8796 * 0.02, weight.std().ToDouble(), 1e-4);
        Assert.Equal(0, weight.mean().ToDouble(), 2e-4);
        // Within one deviation lie 0.6827 of a normal, 0.7152 of the cut one.
        Assert.Equal(0.7152, weight.abs().lt(0.02).to(ScalarType.Float64).mean().ToDouble(), 0.006);
        Assert.Equal(0, state["blocks.0.mlp.fc1.bias"].abs().sum().ToDouble());
        Assert.Equal(192, state["norm.weight"].sum().ToDouble());
        Assert.True(state["cls_token"].abs().max().ToDouble() > 0);
        // Uniform in ±1/sqrt(48): its deviation is 1/sqrt(3 * 48).
        Assert.Equal(1 / Math.Sqrt(3 * 48), state["patch_embed.proj.weight"].std().ToDouble(), 0.002);
    }

    [Fact]
    public void A_patch_that_does_not_divide_the_side_or_heads_that_do_not_divide_the_tokens_are_refused()
    {
        Refused("Images of side 32 cannot be cut into patches of side 5", new(32, 5, 24, 2, 3));
        Refused("Images of side 8 cannot", new(8, 16, 24, 2, 3));
        Refused("Tokens of length 25 cannot be shared by 3 heads", new(32, 4, 25, 2, 3));
        Refused("1 block or more", new(32, 4, 24, 0, 3));

        static void Refused(string message, VisionTransformerSpec spec) =>
            Assert.Contains(message, Assert.Throws<ArgumentOutOfRangeException>(() => Create(spec)).Message);
    }

    [Fact]
    public void Images_that_cannot_be_cut_into_patches_are_refused_with_both_sides()
    {
        using var network = Create(Mini);
        foreach (var shape in new long[][] { [2, 3, 18, 16], [2, 3, 16, 3], [2, 1, 16, 16] })
        {
            using var images = zeros(shape);
            var message = Assert.Throws<ArgumentException>(() => network.forward(images)).Message;
            Assert.Contains("3 channels, cut into patches of 4 x 4", message);
            Assert.Contains($"[{string.Join(", ", shape)}]", message);
        }
    }

    [Fact]
    public void Positions_are_interpolated_in_float32_where_the_rest_is_in_bfloat16()
    {
        using var scope = NewDisposeScope();
        using var network = Create(Mini);
        using var noGrad = no_grad();
        var exact = network.Positions(6, 3);
        Assert.Equal([1, 19, 24], exact.shape);
        using (Autocast.Enter(Precision.BFloat16, CPU))
        {
            var positions = network.Positions(6, 3);
            Assert.Equal(ScalarType.Float32, positions.dtype);
            Assert.True(exact.equal(positions).all().ToBoolean());
            // What it would be otherwise.
            Assert.Equal(ScalarType.BFloat16, exact[0].mm(exact[0].t()).dtype);
        }
    }

    [Fact]
    public void Every_interpolated_position_is_a_mixture_whose_parts_sum_to_one()
    {
        using var scope = NewDisposeScope();
        foreach (var (from, to) in new[] { (14, 6), (6, 14), (1, 3), (2, 2) })
            Assert.InRange((PositionGrid.Weights(from, to).sum(1) - 1).abs().max().ToDouble(), 0, 1e-14);
        Assert.True(PositionGrid.Weights(5, 5).equal(eye(5, dtype: ScalarType.Float64)).all().ToBoolean());
    }

    [Fact]
    public void A_forward_pass_leaves_no_tensor_behind()
    {
        using var network = Create(Mini);
        using var images = zeros(2, 3, 16, 16);
        using var larger = zeros(2, 3, 24, 24);
        using (network.forward(images)) { }
        using (network.forward(larger)) { }
        using var left = new LeftTensors();
        using (network.forward(images)) { }
        using (network.forward(larger)) { }
        Assert.Equal(0, left.Count);
    }
}
