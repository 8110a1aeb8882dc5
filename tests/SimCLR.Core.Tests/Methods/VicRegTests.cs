using SimCLR.Core.Methods;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class VicRegTests
{
    /// <summary>solo-learn weighs the sum of both views' variance terms, the official code their mean.</summary>
    private static readonly VicRegSpec Solo = new(Variance: 50);

    private static Tensor Loss(VicRegSpec spec, Tensor a, Tensor b)
    {
        using var networks = Contexts.Double(3);
        using var method = spec.Create(Contexts.Of(networks));
        return method.Loss([new(a), new(b)], Contexts.Input());
    }

    [Fact]
    public void The_example_has_the_losses_of_plain_PyTorch_in_both_conventions()
    {
        using var scope = NewDisposeScope();
        Is(17.3867463272, Loss(new(), A, B));
        Is(17.7410852469, Loss(Solo, A, B));
        Is(13.8605872888, Loss(new(), A / 2, B / 2));
        Is(23.9222741147, Loss(Solo, A / 2, B / 2));
        Is([0.79629630, -4.61883948, 4.48148148], Gradient(a => Loss(new(), a, B), A)[0]);
    }

    [Fact]
    public void Gradients_are_those_of_differences_and_views_can_be_exchanged()
    {
        using var scope = NewDisposeScope();
        HasTheGradientOfDifferences(a => Loss(new(), a, B / 2), A / 2);
        Is(17.3867463272, Loss(new(), B, A));
    }

    [Fact]
    public void Normalized_embeddings_are_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        Assert.NotEqual(Loss(new(), A, B).ToDouble(), Loss(new(), 2 * A, 2 * B).ToDouble(), 0.1);
    }

    [Theory]
    [InlineData(25, 24.75)]
    [InlineData(50, 49.5)]
    public void Constant_embeddings_have_the_loss_that_is_watched_for(double weight, double expected)
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new VicRegSpec(Variance: weight).Create(Contexts.Of(networks));
        var constant = ones(4, 3, ScalarType.Float64);
        var loss = method.Loss([new(constant), new(constant)], Contexts.Input());
        Is(expected, loss);
        Assert.Contains(method.Collapses, collapse => collapse.Figure == "loss" && collapse.IsSeen(loss.ToDouble()));
    }
}
