using SimCLR.Core.Methods;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class BarlowTwinsTests
{
    private static Tensor Loss(BarlowTwinsSpec spec, Tensor a, Tensor b)
    {
        using var networks = Contexts.Double(3);
        using var method = spec.Create(Contexts.Of(networks));
        return method.Loss([new(a), new(b)], Contexts.Input());
    }

    [Fact]
    public void The_example_has_the_loss_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        Is(0.1323194146, Loss(new(0.0051), A, B));
        Is(0.01321543327, Loss(new(0.005, Scale: 0.1), A, B));
    }

    [Fact]
    public void Biases_and_normalizations_have_a_rate_of_their_own_and_are_neither_decayed_nor_adapted()
    {
        using var networks = Contexts.Double(3);
        using var method = new BarlowTwinsSpec(0.005, BiasRate: 0.024).Create(Contexts.Of(networks));
        Assert.All(
            method.Groups,
            group => Assert.Equal((group.Decays ? 1 : 0.024, group.Decays), (group.RateFactor, group.Adapts))
        );
        Assert.Contains(method.Groups, group => !group.Decays);
    }

    [Fact]
    public void Constant_embeddings_have_the_loss_that_is_watched_for()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new BarlowTwinsSpec(0.005, 0.1).Create(Contexts.Of(networks));
        var constant = ones(4, 3, ScalarType.Float64);
        var loss = method.Loss([new(constant), new(constant)], Contexts.Input()).ToDouble();
        Assert.Contains(method.Collapses, collapse => collapse.Figure == "loss" && collapse.IsSeen(loss));
    }
}
