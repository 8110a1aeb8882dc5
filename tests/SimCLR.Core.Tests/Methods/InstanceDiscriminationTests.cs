using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static SimCLR.Core.Tests.Training.Small;
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
    public void A_bank_that_is_not_in_checkpoints_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var images = Noise();
        // In the second epoch, so that prototypes of the step's images have learnt.
        const int Steps = 5;
        using var whole = new Pretraining(Every.Spec("instance discrimination"), images, CPU);
        for (var step = 0; step < Steps; step++)
            whole.TrainStep().Dispose();
        var saved = whole.State.ToDictionary(named => named.Key, named => named.Value.detach().clone());
        var expected = whole.TrainStep()[0].ToDouble();
        double Next(Func<string, bool> isSaved)
        {
            using var training = new Pretraining(Every.Spec("instance discrimination"), images, CPU);
            using (no_grad())
                foreach (var (name, tensor) in training.State)
                    if (isSaved(name))
                        tensor.copy_(saved[name]);
            ((ITrainee)training).Restore(Steps);
            return training.TrainStep()[0].ToDouble();
        }
        Assert.Equal(expected, Next(_ => true));
        Assert.NotEqual(expected, Next(name => name != "method.bank"), 1e-3);
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

    private static IMethod ByNoise(Networks networks, int negatives = 6) =>
        new InstanceDiscriminationSpec(0.2, Negatives: negatives).Create(Contexts.Of(networks, batch: 4, images: 20));

    [Fact]
    public void Temperatures_whose_scores_would_not_be_finite_are_refused_where_they_are_summed()
    {
        using var networks = Contexts.Double(3);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() =>
            new InstanceDiscriminationSpec(0.01, Negatives: 6).Create(Contexts.Of(networks, batch: 4, images: 20))
        );
        Assert.StartsWith(
            "The temperature of noise-contrastive estimation is 0.01; use a finite number above 0.02",
            error.Message
        );
        using var exact = new InstanceDiscriminationSpec(0.01).Create(Contexts.Of(networks, batch: 4, images: 20));
    }

    [Fact]
    public void A_constant_that_is_estimated_in_every_step_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = ByNoise(networks);
        Assert.Equal(0, method.State["constant"].ToDouble());
        var first = method.Loss([new(A)], Input()).ToDouble();
        Assert.Equal(0, method.State["constant"].ToDouble());
        var before = method.State["bank"].clone();
        method.AfterStep([new(A)], Input());
        var constant = method.State["constant"].ToDouble();
        Assert.True(constant > 0);
        // The first step's loss is of the constant that stays.
        method.State["bank"].copy_(before);
        Assert.Equal(first, method.Loss([new(A)], Input()).ToDouble(), 1e-12);
        method.AfterStep([new(B)], Input(1));
        Assert.Equal(constant, method.State["constant"].ToDouble());
    }

    [Fact]
    public void Negatives_are_drawn_anew_in_every_step_and_are_the_same_when_it_is_asked_again()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = ByNoise(networks);
        method.State["constant"].fill_(20);
        method
            .State["bank"]
            .index_copy_(0, Input().Order.At(5), method.State["bank"].index_select(0, Input().Order.At(0)));
        double Loss(long step) => method.Loss([new(A)], Input(step)).ToDouble();
        // Steps 0 and 5 have the same prototypes of their own.
        Assert.Equal(Loss(0), Loss(0));
        Assert.NotEqual(Loss(0), Loss(5), 1e-6);
    }

    [Fact]
    public void The_order_of_the_images_does_not_matter_where_all_that_is_drawn_is_alike()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        // Of so many images none of the step's is drawn for another.
        const int Images = 10_000;
        using var method = new InstanceDiscriminationSpec(0.2, Negatives: 6).Create(
            Contexts.Of(networks, batch: 4, images: Images)
        );
        StepInput Step() => new(0, arange(4), new BatchOrder(new RandomStreams(0), Images, 4));
        var own = method.State["bank"].index_select(0, Step().Order.At(0));
        method.State["bank"].fill_(0.5);
        method.State["bank"].index_copy_(0, Step().Order.At(0), own);
        var expected = method.Loss([new(A)], Step()).ToDouble();
        var order = tensor(new long[] { 2, 0, 3, 1 });
        var exchanged = Step();
        var rows = exchanged.Order.Epoch(0).narrow(0, 0, 4);
        rows.copy_(rows.index_select(0, order));
        Assert.Equal(expected, method.Loss([new(A.index_select(0, order))], exchanged).ToDouble(), 1e-10);
        Assert.NotEqual(expected, method.Loss([new(A.index_select(0, order))], Step()).ToDouble(), 1e-3);
    }

    [Fact]
    public void Nobody_who_cannot_tell_has_another_loss_than_the_one_watched_for()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = ByNoise(networks);
        // All prototypes are alike: P is 1 / n of each.
        method.State["bank"].copy_(nn.functional.normalize(ones(20, 3, ScalarType.Float64)));
        var loss = method.Loss([new(ones(4, 3, ScalarType.Float64))], Input()).ToDouble();
        Assert.Equal(Math.Log(7) + 6 * Math.Log(7.0 / 6), loss, 1e-5);
        Assert.Contains(method.Collapses, collapse => collapse.Figure == "loss" && collapse.IsSeen(loss));
    }
}
