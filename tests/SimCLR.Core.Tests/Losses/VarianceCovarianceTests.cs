using SimCLR.Core.Losses;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class VarianceCovarianceTests
{
    [Fact]
    public void The_example_has_the_terms_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        Is(0.5833333333, VarianceCovariance.Invariance(A, B));
        Is(0.0141735568, VarianceCovariance.Variance(A));
        Is(0.0141735568, VarianceCovariance.Variance(B));
        Is(2.0370370370, VarianceCovariance.Covariance(A));
        Is(0.4120370370, VarianceCovariance.Covariance(B));
    }

    [Fact]
    public void Gradients_are_those_of_differences()
    {
        using var scope = NewDisposeScope();
        HasTheGradientOfDifferences(a => VarianceCovariance.Invariance(a, B), A);
        HasTheGradientOfDifferences(VarianceCovariance.Variance, A / 3);
        HasTheGradientOfDifferences(VarianceCovariance.Covariance, A);
    }

    [Fact]
    public void A_mean_that_is_not_0_changes_neither_variance_nor_covariance()
    {
        using var scope = NewDisposeScope();
        Is(0.0141735568, VarianceCovariance.Variance(A + 7));
        Is(2.0370370370, VarianceCovariance.Covariance(A + 7));
    }

    [Fact]
    public void Constant_embeddings_have_a_finite_gradient_and_nearly_the_largest_hinge()
    {
        // Without the epsilon the root's derivative would be infinite.
        using var scope = NewDisposeScope();
        var constant = ones(4, 3, ScalarType.Float64);
        Is(0.99, VarianceCovariance.Variance(constant));
        Is(0, VarianceCovariance.Covariance(constant));
        Assert.True(Gradient(VarianceCovariance.Variance, constant).isfinite().all().ToBoolean());
    }

    [Fact]
    public void Covariance_over_the_square_of_the_dimensions_is_a_mistake_not_made()
    {
        // Dimensions twice: four times the sum, and the diagonal's twice, over twice the dimensions.
        using var scope = NewDisposeScope();
        var centred = A - A.mean([0], keepdim: true);
        var c = centred.t().mm(centred) / 3;
        var expected = (4 * c.square().sum() - 2 * c.diagonal().square().sum()) / 6;
        Is(expected.ToDouble(), VarianceCovariance.Covariance(cat([A, A], 1)));
    }
}
