using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class LeJepaTests
{
    private static LeJepa Create(Networks networks) => (LeJepa)new LeJepaSpec(0.05, 16).Create(Contexts.Of(networks));

    [Fact]
    public void The_loss_is_a_share_of_both_terms()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        var directions = method.Directions(0);
        var normal = (SigReg.Compute(A, directions) + SigReg.Compute(B, directions)) / 2;
        // Each view is half the difference from the mean.
        var invariance = ((A - B) / 2).square().mean();
        Is((0.05 * normal + 0.95 * invariance).ToDouble(), method.Loss([new(A), new(B)], Contexts.Input()));
    }

    [Fact]
    public void A_normal_distribution_of_some_views_alone_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        var (c, d) = (A + 1, B - 1);
        var directions = method.Directions(0);
        Tensor[] views = [A, B, c, d];
        var normal = views.Select(view => SigReg.Compute(view, directions)).Aggregate((a, b) => a + b) / 4;
        var centre = (A + B) / 2;
        var together = views.Select(view => (view - centre).square().mean()).Aggregate((a, b) => a + b) / 4;
        var embeddings = views.Select(view => new Embedding(view)).ToList();
        Is((0.05 * normal + 0.95 * together).ToDouble(), method.Loss(embeddings, Contexts.Input()));
    }

    [Fact]
    public void Directions_have_length_1_are_new_in_every_step_and_the_same_when_asked_again()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        var first = method.Directions(0);
        Assert.Equal([3, 16], first.shape);
        Assert.All(first.norm(0).data<double>().ToArray(), length => Assert.Equal(1, length, 1e-6));
        Assert.True(first.equal(method.Directions(0)).all().ToBoolean());
        Assert.False(first.equal(method.Directions(1)).any().ToBoolean());
    }

    [Fact]
    public void The_gradient_flows_through_the_centre_of_the_views()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        HasTheGradientOfDifferences(a => method.Loss([new(a), new(B)], Contexts.Input()), A);
    }
}
