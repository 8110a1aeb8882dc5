using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class NnclrTests
{
    /// <summary>With the example's queue: 5 rows, of which steps bring 5.</summary>
    private static Nnclr Create(Networks networks)
    {
        var spec = new NnclrSpec(new(2, 3, 5), 5, 0.1);
        var method = (Nnclr)spec.Create(Contexts.Of(networks, batch: 5));
        method.State["queue.rows"].copy_(nn.functional.normalize(Queue));
        return method;
    }

    [Fact]
    public void The_example_has_the_neighbours_and_the_loss_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        var rows = nn.functional.normalize(Queue).index_select(0, tensor(new long[] { 2, 1, 1, 0 }));
        Assert.True(method.Neighbours(A).equal(rows).all().ToBoolean());
        // Both directions alike.
        Is(1.3432101250, method.Loss([new(A, B), new(A, B)], Contexts.Input()));
    }

    [Fact]
    public void A_neighbour_found_after_the_own_embedding_is_in_the_queue_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        var before = method.Loss([new(A, B), new(B, A)], Contexts.Input()).ToDouble();
        var rows = method.State["queue.rows"].clone();
        Assert.Equal(before, method.Loss([new(A, B), new(B, A)], Contexts.Input()).ToDouble());
        Assert.True(rows.equal(method.State["queue.rows"]).all().ToBoolean());
        method.AfterStep([new(A, B), new(B, A)], Contexts.Input());
        // Now it retrieves itself.
        var own = nn.functional.normalize(A);
        Assert.InRange((method.Neighbours(A) - own).abs().max().ToDouble(), 0, 1e-12);
    }

    [Fact]
    public void A_gradient_goes_through_the_predictions_alone()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        var (z, p) = (A.requires_grad_(), B.requires_grad_());
        method.Loss([new(z, p), new(z, p)], Contexts.Input()).backward();
        Assert.Null(z.grad);
        Assert.NotNull(p.grad);
    }
}
