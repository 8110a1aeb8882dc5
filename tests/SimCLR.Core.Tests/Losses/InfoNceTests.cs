using SimCLR.Core.Losses;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class InfoNceTests
{
    [Theory]
    [InlineData(0.07, 0.6399881891)]
    [InlineData(0.2, 0.7238755544)]
    public void With_a_queue_the_example_has_the_loss_of_plain_PyTorch(double temperature, double expected)
    {
        using var scope = NewDisposeScope();
        Is(expected, InfoNce.WithQueue(A, B, Queue, temperature));
    }

    [Theory]
    [InlineData(0.2, 0.1369214159)]
    [InlineData(1, 0.7983558344)]
    public void In_the_batch_the_example_has_the_loss_of_plain_PyTorch(double temperature, double expected)
    {
        using var scope = NewDisposeScope();
        Is(expected, InfoNce.InBatch(A, B, temperature));
    }

    [Fact]
    public void Gradients_are_those_of_differences()
    {
        using var scope = NewDisposeScope();
        HasTheGradientOfDifferences(a => InfoNce.WithQueue(a, B, Queue, 0.2), A);
        HasTheGradientOfDifferences(a => InfoNce.InBatch(a, B, 0.2), A);
    }

    [Fact]
    public void Keys_and_queue_have_no_gradient()
    {
        using var scope = NewDisposeScope();
        var (a, b, queue) = (A.requires_grad_(), B.requires_grad_(), Queue.requires_grad_());
        InfoNce.WithQueue(a, b, queue, 0.2).backward();
        InfoNce.InBatch(a, b, 0.2).backward();
        Assert.Null(b.grad);
        Assert.Null(queue.grad);
    }

    [Fact]
    public void Equal_vectors_give_the_logarithm_of_how_many_there_are()
    {
        using var scope = NewDisposeScope();
        var equal = ones(4, 3, ScalarType.Float64);
        Is(Math.Log(6), InfoNce.WithQueue(equal, equal, ones(5, 3, ScalarType.Float64), 0.1));
        Is(Math.Log(4), InfoNce.InBatch(equal, equal, 0.1));
    }

    [Fact]
    public void The_order_of_the_queue_does_not_matter_and_scales_do_not()
    {
        using var scope = NewDisposeScope();
        var order = tensor(new long[] { 3, 1, 4, 0, 2 });
        Is(0.7238755544, InfoNce.WithQueue(2 * A, 5 * B, 0.1 * Queue.index_select(0, order), 0.2));
    }

    [Fact]
    public void A_key_in_the_queue_that_is_its_own_positive_bounds_the_loss_by_ln_2()
    {
        // What enqueuing before the loss would come to.
        using var scope = NewDisposeScope();
        Assert.True(InfoNce.WithQueue(A, A, Queue, 0.01).ToDouble() < 0.1);
        Assert.True(InfoNce.WithQueue(A, A, cat([Queue, A]), 0.01).ToDouble() >= Math.Log(2) - 1e-9);
    }

    [Fact]
    public void Accuracy_counts_queries_whose_key_is_the_nearest()
    {
        using var scope = NewDisposeScope();
        // cos(A_i, B_i) against the nearest of the queue: 0.77 and 0.89, 0.95 and 0.71, 0.87 and 0.71, 0.87 and 0.82.
        Is(0.75, InfoNce.Top1(A, B, Queue));
    }
}
