using SimCLR.Core.Losses;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class CosineTests
{
    [Fact]
    public void The_example_has_the_losses_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        Is(-0.8638326937, Cosine.Negative(A, B));
        Is(0.2723346126, Cosine.Distance(A, B));
        double[] rows = [0.7745966692, 0.9486832981, 0.8660254038, 0.8660254038];
        foreach (var (i, expected) in rows.Index())
            Is(-expected, Cosine.Negative(A.narrow(0, i, 1), B.narrow(0, i, 1)));
        Is([-0.02581989, -0.06454972, 0.01290994], Gradient(a => Cosine.Negative(a, B), A)[0]);
    }

    [Fact]
    public void Gradients_are_those_of_differences()
    {
        using var scope = NewDisposeScope();
        HasTheGradientOfDifferences(a => Cosine.Negative(a, B), A);
        HasTheGradientOfDifferences(a => Cosine.Distance(a, B), A);
        HasTheGradientOfDifferences(b => Cosine.Negative(A, b, stopGradient: false), B);
    }

    [Fact]
    public void Scales_do_not_matter_and_equal_vectors_give_the_least()
    {
        using var scope = NewDisposeScope();
        Is(-0.8638326937, Cosine.Negative(3 * A, 0.2 * B));
        Is(-1, Cosine.Negative(A, 2 * A));
        Is(0, Cosine.Distance(A, 2 * A));
        Is(4, Cosine.Distance(A, -A));
    }

    [Fact]
    public void A_gradient_to_the_targets_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (A.requires_grad_(), B.requires_grad_());
        Cosine.Negative(a, b).backward();
        Assert.NotNull(a.grad);
        Assert.Null(b.grad);
    }
}
