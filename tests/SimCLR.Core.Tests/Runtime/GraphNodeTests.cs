using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Runtime;

public class GraphNodeTests
{
    /// <summary>x² y, by hand.</summary>
    private static Tensor Product(Tensor x, Tensor y, List<Tensor>? kept = null)
    {
        Tensor result;
        using (no_grad())
            result = x.square().mul(y);
        Tensor[] saved = [x.detach(), y.detach()];
        kept?.AddRange(saved);
        return GraphNode.Attach(
            result,
            [x, null, y],
            saved,
            gradient => [2 * saved[0] * saved[1] * gradient, null, saved[0].square() * gradient]
        );
    }

    private static (Tensor X, Tensor Y) Inputs()
    {
        using var generator = new Generator(1, CPU);
        return (
            randn([5], float64, generator: generator).requires_grad_(),
            randn([5], float64, generator: generator).requires_grad_()
        );
    }

    [Fact]
    public void Its_gradients_are_those_of_libtorchs_own_graph()
    {
        using var scope = NewDisposeScope();
        var (x, y) = Inputs();
        // Before and after it lie operations of libtorch's, and x is used twice.
        var ours = (Product(x.sin(), y) * x).sum();
        ours.backward();
        var (gx, gy) = (x.grad!.clone(), y.grad!.clone());
        (x.grad, y.grad) = (null, null);
        (x.sin().square() * y * x).sum().backward();
        Assert.True(gx.allclose(x.grad!, 1e-12, 1e-12));
        Assert.True(gy.allclose(y.grad!, 1e-12, 1e-12));
    }

    [Fact]
    public void An_input_without_gradient_gets_none()
    {
        using var scope = NewDisposeScope();
        var (x, y) = Inputs();
        var still = y.detach();
        Product(x, still).sum().backward();
        Assert.True(x.grad!.allclose(2 * x.detach() * still));
        Assert.Null(still.grad);
    }

    [Fact]
    public void Without_a_graph_the_result_stays_as_it_is_and_what_was_saved_goes()
    {
        using var scope = NewDisposeScope();
        var (x, y) = Inputs();
        var kept = new List<Tensor>();
        using (no_grad())
            Assert.False(Product(x, y, kept).requires_grad);
        Assert.False(Product(x.detach(), y.detach(), kept).requires_grad);
        Assert.All(kept, tensor => Assert.True(tensor.IsInvalid));
    }

    [Fact]
    public void What_was_saved_goes_with_the_backward_pass_and_with_a_graph_that_has_none()
    {
        using var scope = NewDisposeScope();
        var (x, y) = Inputs();
        var (used, unused) = (new List<Tensor>(), new List<Tensor>());
        var result = Product(x, y, used);
        Assert.All(used, tensor => Assert.False(tensor.IsInvalid));
        result.sum().backward();
        Assert.All(used, tensor => Assert.True(tensor.IsInvalid));
        using (NewDisposeScope())
            _ = Product(x, y, unused);
        Assert.All(unused, tensor => Assert.True(tensor.IsInvalid));
    }

    [Fact]
    public void An_error_of_its_backward_function_is_thrown_where_it_is_asked_for_and_once()
    {
        using var scope = NewDisposeScope();
        var (x, _) = Inputs();
        Tensor result;
        using (no_grad())
            result = x.square();
        GraphNode.Attach(result, [x], [], _ => throw new InvalidOperationException("no room")).sum().backward();
        Assert.Equal("no room", Assert.Throws<InvalidOperationException>(GraphNode.ThrowIfFailed).Message);
        GraphNode.ThrowIfFailed();
    }

    [Fact]
    public void A_graph_goes_backwards_once()
    {
        using var scope = NewDisposeScope();
        var (x, y) = Inputs();
        var sum = Product(x, y).sum();
        autograd.backward([sum], retain_graph: true);
        sum.backward();
        Assert.Contains("already", Assert.Throws<InvalidOperationException>(GraphNode.ThrowIfFailed).Message);
    }

    [Fact]
    public void Ten_thousand_of_them_leave_nothing_behind()
    {
        using var scope = NewDisposeScope();
        var (x, y) = Inputs();
        for (var i = 0; i < 10_000; i++)
        {
            using var step = NewDisposeScope();
            Product(x, y).sum().backward();
        }
        Assert.Equal(0, GraphNode.Count);
    }
}
