using SimCLR.Core.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

public class GradientNormTests
{
    private static Parameter With(double[]? gradient, params long[] shape) =>
        new(zeros(shape, ScalarType.Float64)) { grad = gradient is null ? null : tensor(gradient).view(shape) };

    [Fact]
    public void It_is_over_all_parameters_whatever_their_shapes()
    {
        // 2² + 3² + 6² = 7²
        using var scope = NewDisposeScope();
        Assert.Equal(7, GradientNorm.Of([With([2, -3], 1, 2), With([6], 1)]).ToDouble(), 1e-12);
    }

    [Fact]
    public void A_parameter_without_a_gradient_counts_for_nothing()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(5, GradientNorm.Of([With(null, 3), With([3, 4], 2)]).ToDouble(), 1e-12);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void One_number_that_is_not_finite_shows(double value)
    {
        using var scope = NewDisposeScope();
        Assert.False(double.IsFinite(GradientNorm.Of([With([1, 1], 2), With([0, value], 2)]).ToDouble()));
    }
}
