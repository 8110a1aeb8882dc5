using SimCLR.Core.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class HealthTests
{
    [Theory]
    [InlineData(64, 8)]
    [InlineData(8, 64)] // fewer images than dimensions: the other product
    public void The_effective_rank_is_that_of_the_covariances_eigenvalues(int n, int d)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var z = randn([n, d], ScalarType.Float64, generator: generator);
        var unit = nn.functional.normalize(z);
        var eigenvalues = linalg.svdvals(unit - unit.mean([0], keepdim: true)).square();
        var expected = eigenvalues.sum().square() / eigenvalues.square().sum();
        Assert.Equal(expected.ToDouble(), Health.EffectiveRank(z).ToDouble(), 1e-9);
    }

    [Fact]
    public void Embeddings_on_a_line_have_rank_1_and_even_ones_that_of_their_space()
    {
        using var scope = NewDisposeScope();
        var axis = eye(5, dtype: ScalarType.Float64);
        Assert.Equal(1, Health.EffectiveRank(cat([axis.narrow(0, 0, 1), -axis.narrow(0, 0, 1)])).ToDouble(), 1e-9);
        Assert.Equal(5, Health.EffectiveRank(cat([axis, -axis])).ToDouble(), 1e-9);
        Assert.Equal(0, Health.EffectiveRank(ones(4, 5, ScalarType.Float64)).ToDouble(), 1e-9);
    }

    [Fact]
    public void Prototypes_are_in_use_as_often_as_they_are_the_nearest()
    {
        using var scope = NewDisposeScope();
        // Six images and four prototypes: as the nearest.
        double Used(params long[] nearest) =>
            Prototypes.Used(nn.functional.one_hot(tensor(nearest), 4).to_type(ScalarType.Float64) * 1e-6).ToDouble();
        Assert.Equal(0.25, Used(2, 2, 2, 2, 2, 2), 1e-12);
        Assert.Equal(0.5, Used(0, 3, 0, 3, 0, 3), 1e-12);
        // The perplexity of 1/2, 1/3, 1/6.
        Assert.Equal(Math.Pow(2, 0.5) * Math.Pow(3, 1.0 / 3) * Math.Pow(6, 1.0 / 6) / 4, Used(0, 0, 0, 1, 1, 2), 1e-12);
        // No more than there are images.
        Assert.Equal(1, Used(0, 3), 1e-12);
    }
}
