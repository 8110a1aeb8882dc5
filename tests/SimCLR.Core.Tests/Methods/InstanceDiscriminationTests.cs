using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class InstanceDiscriminationTests
{
    private static StepInput Input(long step = 0) => new(step, arange(4), new BatchOrder(new RandomStreams(0), 20, 4));

    private static IMethod Create(Networks networks, double temperature = 0.07) =>
        new InstanceDiscriminationSpec(temperature).Create(Contexts.Of(networks, batch: 4, images: 20));

    [Fact]
    public void The_example_has_the_loss_of_plain_PyTorch()
    {
        // Five images; the step's four are the first in the example, here those of its order.
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new InstanceDiscriminationSpec(0.07).Create(Contexts.Of(networks, batch: 4, images: 5));
        var input = new StepInput(0, arange(4), new BatchOrder(new RandomStreams(0), 5, 4));
        var rows = input.Order.At(0);
        var left = arange(5).masked_select(arange(5).unsqueeze(1).ne(rows).all(1));
        method.State["bank"].index_copy_(0, cat([rows, left]), nn.functional.normalize(Queue));
        Is(5.4121596176, method.Loss([new(A)], input));
    }

    [Fact]
    public void An_index_that_is_not_the_images_row_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        var before = method.State["bank"].clone();
        foreach (var step in new[] { 0L, 3L, 5L })
        {
            var rows = Input().Order.At(step).data<long>().ToArray();
            method.State["bank"].copy_(before);
            method.AfterStep([new(A)], Input(step));
            var changed = method.State["bank"].ne(before).any(1).data<bool>().ToArray();
            Assert.Equal(rows.Order(), changed.Index().Where(row => row.Item).Select(row => (long)row.Index));
        }
    }

    [Fact]
    public void A_bank_that_learns_before_the_loss_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        var before = method.State["bank"].clone();
        var loss = method.Loss([new(A)], Input()).ToDouble();
        Assert.True(before.equal(method.State["bank"]).all().ToBoolean());
        method.AfterStep([new(A)], Input());
        Assert.True(method.Loss([new(A)], Input()).ToDouble() < loss);
        // Half of what it was and half of the embedding, on the sphere.
        var row = Input().Order.At(0)[0].ToInt64();
        var expected = nn.functional.normalize(before[row] + nn.functional.normalize(A)[0], dim: 0);
        Assert.InRange((expected - method.State["bank"][row]).abs().max().ToDouble(), 0, 1e-12);
    }

    [Fact]
    public void The_bank_begins_near_the_sphere()
    {
        using var networks = Contexts.Double(128);
        using var method = new InstanceDiscriminationSpec(0.1).Create(Contexts.Of(networks, images: 1000));
        using var lengths = method.State["bank"].norm(1);
        Assert.Equal(1, lengths.mean().ToDouble(), 0.02);
        Assert.InRange(method.State["bank"].abs().max().ToDouble(), 0.15, Math.Sqrt(3.0 / 128));
    }
}
