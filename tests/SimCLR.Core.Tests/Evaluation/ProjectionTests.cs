using SimCLR.Core.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class ProjectionTests
{
    /// <summary>Unit vectors of 16 numbers around three axes, 20 of each.</summary>
    private static FeatureSample Clusters()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var centres = eye(3, 16).repeat_interleave(20, 0);
        var h = nn.functional.normalize(centres + 0.05 * randn(60, 16, generator: generator));
        return Sample(h.to_type(ScalarType.Float16).data<Half>().ToArray(), 16);
    }

    private static FeatureSample Sample(Half[] h, int dimension)
    {
        var images = new long[h.Length / dimension];
        return new FeatureSample(h, dimension, images, images, ["a"]);
    }

    private static double Distance((double X, double Y) a, (double X, double Y) b) =>
        Math.Sqrt((a.X - b.X) * (a.X - b.X) + (a.Y - b.Y) * (a.Y - b.Y));

    [Fact]
    public void Principal_components_of_points_in_a_plane_keep_their_distances_and_vary_most_along_x()
    {
        // Of (3a, 4a, 5b, 0) the plane is spanned by (0.6, 0.8, 0, 0) and (0, 0, 1, 0), in which the points are (5a, 5b).
        double[] a = [-0.1, 0.05, 0.15, -0.2, 0.1];
        double[] b = [0.05, -0.05, 0.02, 0.04, -0.06];
        var h = a.Zip(b).SelectMany(p => new[] { 3 * p.First, 4 * p.First, 5 * p.Second, 0 }).Select(x => (Half)x);
        var map = Projection.Pca(Sample([.. h], 4));
        for (var i = 0; i < 5; i++)
        for (var j = 0; j < 5; j++)
            Assert.Equal(Distance((5 * a[i], 5 * b[i]), (5 * a[j], 5 * b[j])), Distance(map[i], map[j]), 2e-3);
        Assert.True(map.Sum(p => p.X * p.X) > map.Sum(p => p.Y * p.Y));
        Assert.Equal(0, map.Average(p => p.X), 1e-6);
        // The largest entry of the first direction is positive: x grows with a.
        Assert.True(map[2].X > map[3].X);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_row_of_the_neighbourhood_has_the_perplexity_asked_for(double perplexity)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var rows = randn(20, 4, generator: generator, dtype: ScalarType.Float64);
        var p = Projection.Conditional(Projection.SquaredDistances(rows), perplexity);
        var values = p.data<double>().ToArray().Chunk(20).ToArray();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(0, values[i][i]);
            Assert.Equal(1, values[i].Sum(), 1e-9);
            Assert.Equal(perplexity, Math.Exp(-values[i].Where(x => x > 0).Sum(x => x * Math.Log(x))), 1e-4);
        }
    }

    [Fact]
    public void The_gradient_is_that_of_finite_differences_of_the_divergence()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        const int n = 6;
        var p = Projection.Neighbourhood(
            Projection.SquaredDistances(randn(n, 3, generator: generator, dtype: ScalarType.Float64)),
            2
        );
        var y = randn(n, 2, generator: generator, dtype: ScalarType.Float64);
        var gradient = Projection.Gradient(p, y, zeros_like(p), zeros_like(p)).data<double>().ToArray();
        var weights = p.data<double>().ToArray();
        var points = y.contiguous().data<double>().ToArray();
        for (var k = 0; k < 2 * n; k++)
        {
            const double step = 1e-5;
            var (up, down) = (points.ToArray(), points.ToArray());
            up[k] += step;
            down[k] -= step;
            Assert.Equal((Divergence(weights, up) - Divergence(weights, down)) / (2 * step), gradient[k], 1e-7);
        }

        static double Divergence(double[] p, double[] y)
        {
            var near = new double[n * n];
            for (var i = 0; i < n; i++)
            for (var j = 0; j < n; j++)
                if (i != j)
                    near[i * n + j] =
                        1 / (1 + Math.Pow(Distance((y[2 * i], y[2 * i + 1]), (y[2 * j], y[2 * j + 1])), 2));
            var total = near.Sum();
            return Enumerable.Range(0, n * n).Where(k => p[k] > 0).Sum(k => p[k] * Math.Log(p[k] * total / near[k]));
        }
    }

    [Fact]
    public void TSne_keeps_clusters_apart_and_gives_the_same_map_again()
    {
        var sample = Clusters();
        var map = Projection.TSne(sample, perplexity: 10, steps: 400);
        Assert.All(map, point => Assert.True(double.IsFinite(point.X) && double.IsFinite(point.Y)));
        for (var i = 0; i < 60; i++)
        {
            var within = Enumerable.Range(i / 20 * 20, 20).Max(j => Distance(map[i], map[j]));
            var beyond = Enumerable.Range(0, 60).Where(j => j / 20 != i / 20).Min(j => Distance(map[i], map[j]));
            Assert.True(within < beyond, $"point {i}: {within} within its cluster, {beyond} to another");
        }
        Assert.Equal(map, Projection.TSne(sample, perplexity: 10, steps: 400));
    }

    [Fact]
    public void A_collapsed_encoder_has_a_map_of_numbers_too()
    {
        var sample = Sample([.. Enumerable.Repeat((Half)0.5, 12 * 4)], 4);
        Assert.All(Projection.TSne(sample, steps: 5), point => Assert.True(double.IsFinite(point.X)));
    }
}
