using SimCLR.Core.Losses;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class CrossCorrelationTests
{
    [Fact]
    public void The_example_has_the_loss_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        Is(0.1323194146, CrossCorrelation.Loss(A, B, 0.0051));
        Is(0.1321543327, CrossCorrelation.Loss(A, B, 0.005));
        Is([-0.01710735, -0.03201317, -0.00097271], Gradient(a => CrossCorrelation.Loss(a, B, 0.0051), A)[0]);
        var c = CrossCorrelation.Of(A, B);
        Is(-0.7181789498, c[0, 1]);
        Is(-0.7385411129, c[1, 0]);
        Is(0.1239002388, (c.diagonal() - 1).square().sum());
        Is(1.6508187836, c.square().sum() - c.diagonal().square().sum());
    }

    [Fact]
    public void The_variance_is_biased_as_batch_norms()
    {
        // With the unbiased one C_ii of equal views would be (N - 1) / N.
        using var scope = NewDisposeScope();
        Is([0.9128642348, 0.8992184771, 0.6741922625], CrossCorrelation.Of(A, B).diagonal());
        Assert.Equal(1, CrossCorrelation.Of(A, A)[0, 0].ToDouble(), 2e-5);
    }

    [Fact]
    public void Gradients_are_those_of_differences()
    {
        using var scope = NewDisposeScope();
        HasTheGradientOfDifferences(a => CrossCorrelation.Loss(a, B, 0.3), A);
        HasTheGradientOfDifferences(b => CrossCorrelation.Loss(A, b, 0.3), B);
    }

    [Fact]
    public void Views_can_be_exchanged_and_scales_do_not_matter()
    {
        using var scope = NewDisposeScope();
        Is(CrossCorrelation.Loss(A, B, 0.3).ToDouble(), CrossCorrelation.Loss(B, A, 0.3));
        Assert.Equal(
            CrossCorrelation.Loss(A, B, 0.3).ToDouble(),
            CrossCorrelation.Loss(10 * A, 10 * B + 1, 0.3).ToDouble(),
            1e-4
        );
    }

    [Fact]
    public void Independent_views_have_the_expected_loss()
    {
        // D + λ D (D - 1) / N.
        using var scope = NewDisposeScope();
        using var generator = new Generator(3, CPU);
        var (n, d) = (512, 256);
        var loss = CrossCorrelation.Loss(
            randn([n, d], ScalarType.Float64, generator: generator),
            randn([n, d], ScalarType.Float64, generator: generator),
            0.1
        );
        var expected = d + d / (double)n + 0.1 * d * (d - 1) / n;
        Assert.Equal(expected, loss.ToDouble(), 0.02 * expected);
    }

    [Fact]
    public void A_loss_divided_by_the_dimensions_or_by_the_batch_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        // Twice the dimensions, each twice: on the diagonal twice as much, off it four times and the diagonal's again.
        var c = CrossCorrelation.Of(A, B);
        var (on, all, diagonal) = ((c.diagonal() - 1).square().sum(), c.square().sum(), c.diagonal().square().sum());
        var expected = 2 * on + 0.3 * (4 * all - 2 * diagonal);
        Is(expected.ToDouble(), CrossCorrelation.Loss(cat([A, A], 1), cat([B, B], 1), 0.3));
        Is(CrossCorrelation.Loss(A, B, 0.3).ToDouble(), CrossCorrelation.Loss(cat([A, A]), cat([B, B]), 0.3));
    }

    [Fact]
    public void The_summary_tells_both_parts_of_the_loss()
    {
        using var scope = NewDisposeScope();
        var (diagonal, off) = CrossCorrelation.Summary(A, B);
        Is((0.9128642348 + 0.8992184771 + 0.6741922625) / 3, diagonal);
        Is(Math.Sqrt(1.6508187836 / 6), off);
    }
}
