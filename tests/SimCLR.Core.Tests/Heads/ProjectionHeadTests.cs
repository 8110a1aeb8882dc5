using SimCLR.Core.Heads;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Heads;

public class ProjectionHeadTests
{
    private static ProjectionHead Create(HeadSpec spec)
    {
        using var weights = new RandomStreams(0).At(RandomStreams.Weights, 0);
        return spec.Create(10, weights);
    }

    private static long Trainable(ProjectionHead head) =>
        head.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel());

    [Theory]
    [InlineData(0, false, 0)] // none
    [InlineData(1, false, 10 * 4 + 4)] // linear
    [InlineData(2, false, 10 * 10 + 10 + 10 * 4 + 4)] // SimCLR's
    [InlineData(3, false, 2 * (10 * 10 + 10) + 10 * 4 + 4)] // v2's
    [InlineData(1, true, 10 * 4 + 4)] // no bias, a scale per output
    [InlineData(2, true, 10 * 10 + 20 + 10 * 4 + 4)] // batch norm of the hidden layer, a scale per output
    public void Has_depth_many_linear_layers(int depth, bool batchNorm, long parameters)
    {
        using var head = Create(new HeadSpec(depth, Output: 4, BatchNorm: batchNorm));
        using var z = head.forward(rand(6, 10));
        Assert.Equal([6, depth == 0 ? 10 : 4], z.shape);
        Assert.Equal(z.shape[1], head.OutputSize);
        Assert.Equal(parameters, Trainable(head));
    }

    [Theory]
    [InlineData(LastNorm.WithoutShift, false, 4)]
    [InlineData(LastNorm.Affine, false, 8)]
    [InlineData(LastNorm.WithoutAffine, false, 0)]
    [InlineData(LastNorm.None, false, 0)]
    [InlineData(LastNorm.None, true, 4)]
    public void What_follows_the_last_layer_is_as_asked(LastNorm norm, bool bias, long more)
    {
        using var head = Create(new HeadSpec(2, Output: 4, LastNorm: norm, LastBias: bias));
        Assert.Equal(10 * 10 + 20 + 10 * 4 + more, Trainable(head));
        using var z = head.forward(rand(64, 10));
        Assert.Equal(norm != LastNorm.None, z.mean([0]).abs().max().ToSingle() < 1e-5);
    }

    [Fact]
    public void Depth_0_is_the_identity()
    {
        using var head = Create(new HeadSpec(0));
        using var h = rand(6, 10);
        using var z = head.forward(h);
        Assert.True(h.eq(z).all().ToBoolean());
    }

    [Fact]
    public void Hidden_width_can_be_given()
    {
        using var head = Create(new HeadSpec(2, Output: 4, Hidden: 7, BatchNorm: false));
        Assert.Equal(10 * 7 + 7 + 7 * 4 + 4, Trainable(head));
    }

    [Fact]
    public void With_batch_norm_z_has_mean_0_over_the_batch()
    {
        using var head = Create(new HeadSpec(2, Output: 4));
        using var z = head.forward(rand(64, 10));
        Assert.Equal(0, z.mean([0]).abs().max().ToSingle(), tolerance: 1e-5);
    }

    [Theory]
    [InlineData(-1, 128, null, "Depth")]
    [InlineData(2, 0, null, "Output")]
    [InlineData(2, 128, 0L, "Hidden")]
    public void Sizes_out_of_range_are_refused_by_name(int depth, long output, long? hidden, string name) =>
        Assert.Contains(
            $"Head.{name}",
            Assert.Throws<ArgumentOutOfRangeException>(() => Create(new HeadSpec(depth, output, hidden))).Message
        );
}
