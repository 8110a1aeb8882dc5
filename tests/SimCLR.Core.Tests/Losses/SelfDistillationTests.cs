using SimCLR.Core.Losses;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class SelfDistillationTests
{
    private static Tensor Centre => tensor(new[] { 0.1, -0.2, 0.3 }, [1, 3]);

    [Fact]
    public void The_example_has_the_loss_of_plain_Python()
    {
        using var scope = NewDisposeScope();
        Is(0.4479512181, SelfDistillation.Compute(B, A, Centre, 0.1, 0.04));
    }

    [Fact]
    public void Gradients_are_those_of_differences_and_the_teacher_has_none()
    {
        using var scope = NewDisposeScope();
        HasTheGradientOfDifferences(b => SelfDistillation.Compute(b, A / 10, Centre, 0.5, 0.2), B);
        var (a, b) = (A.requires_grad_(), B.requires_grad_());
        SelfDistillation.Compute(b, a, Centre, 0.1, 0.04).backward();
        Assert.Null(a.grad);
        Assert.NotNull(b.grad);
    }

    [Fact]
    public void Entropy_is_0_of_one_output_and_ln_K_of_all_alike()
    {
        using var scope = NewDisposeScope();
        Is(0, SelfDistillation.Entropy(eye(3, dtype: ScalarType.Float64)));
        Is(Math.Log(3), SelfDistillation.Entropy(full([2, 3], 1.0 / 3, ScalarType.Float64)));
    }
}
