using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Encoders;

public class SmallConvTests
{
    [Fact]
    public void Has_one_stage_per_number_and_halves_the_side_in_each()
    {
        using var weights = new RandomStreams(0).At(RandomStreams.Weights, 0);
        using var network = new SmallConvSpec([8, 16]).Create(3, weights);
        using var h = network.forward(zeros(5, 3, 20, 20));
        Assert.Equal([5, 16], h.shape);
        // 3x3 convolutions without bias, and a batch norm of two numbers per channel each.
        Assert.Equal(3 * 8 * 9 + 16 + 8 * 16 * 9 + 32, network.parameters().Sum(parameter => parameter.numel()));
    }

    [Theory]
    [InlineData(new long[0])]
    [InlineData(new long[] { 8, 0 })]
    public void No_stage_or_an_empty_stage_is_refused(long[] channels)
    {
        using var weights = new RandomStreams(0).At(RandomStreams.Weights, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SmallConvSpec(channels).Create(3, weights));
    }
}
