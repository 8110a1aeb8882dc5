using SimCLR.Core.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class LidarTests
{
    /// <summary>Images at the corners of a cross, views a little to each side along every axis.</summary>
    private static Tensor Cross(double[] sizes, double within)
    {
        var d = sizes.Length;
        var means = cat([diag(tensor(sizes)), -diag(tensor(sizes))]);
        var sides = within * cat([eye(d, dtype: ScalarType.Float64), -eye(d, dtype: ScalarType.Float64)]);
        return means.unsqueeze(1) + sides.unsqueeze(0);
    }

    [Fact]
    public void With_views_that_spread_alike_it_is_the_effective_rank_of_the_images_spread()
    {
        // Variances of the images along the axes are as the squares 9, 1, 1.
        using var scope = NewDisposeScope();
        double[] p = [9.0 / 11 + 1e-7, 1.0 / 11 + 1e-7, 1.0 / 11 + 1e-7];
        var expected = Math.Exp(-p.Sum(x => x * Math.Log(x)));
        Assert.Equal(expected, Lidar.Of(Cross([3, 1, 1], 0.5)), 1e-9);
    }

    [Fact]
    public void A_dimension_that_views_share_counts_less()
    {
        // The images spread alike along two axes; along the first views do too.
        using var scope = NewDisposeScope();
        var cross = Cross([1, 1], 0.01);
        var noisy = cross + tensor(new[] { 3.0, 0.0 }) * tensor(new[] { 1.0, -1, 1, -1 }).view(1, 4, 1);
        Assert.Equal(2, Lidar.Of(cross), 1e-3);
        Assert.InRange(Lidar.Of(noisy), 1, 1.05);
    }

    [Fact]
    public void It_is_measured_by_views_of_training_images_the_same_each_time()
    {
        using var tiny = new Tiny();
        var first = new Lidar(20, 4).Measure(tiny.Pretrained);
        Assert.InRange(first[0].Value, 1, 16);
        Assert.Equal(first, new Lidar(20, 4).Measure(tiny.Pretrained));
    }
}
