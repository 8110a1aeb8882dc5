using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

/// <summary>Of whole trainings: the order of steps is what goes wrong.</summary>
public class TargetTests
{
    private static Dictionary<string, Tensor> Copies(Pretraining training, string prefix) =>
        training
            .State.Where(named => named.Key.StartsWith(prefix) && !named.Key.Contains("running"))
            .Where(named => named.Value.is_floating_point())
            .ToDictionary(named => named.Key, named => named.Value.detach().clone());

    private static void Near(Tensor expected, Tensor actual) =>
        Assert.InRange((expected - actual).abs().max().ToDouble(), 0, 1e-6);

    [Theory]
    [InlineData(null)]
    [InlineData(7)] // gradient caching
    public void After_a_step_it_is_so_much_of_itself_and_so_much_of_the_weights_that_the_optimizer_has_moved(int? part)
    {
        using var scope = NewDisposeScope();
        using var images = Noise();
        var spec = Every.Spec("BYOL") with { MicroBatches = part is { } size ? new MicroBatches(size) : null };
        using var training = new Pretraining(spec, images, CPU);
        training.TrainStep().Dispose();
        var before = Copies(training, "method.target.");
        training.TrainStep().Dispose();
        // The second step of twelve.
        var kept = new MomentumSchedule(0.9, 1).At(1, 12);
        foreach (var (name, value) in Copies(training, "method.target."))
        {
            var online = training.State[name["method.target.".Length..]];
            Near(kept * before[name] + (1 - kept) * online, value);
            Assert.False(value.equal(before[name]).all().ToBoolean() && value.equal(online).all().ToBoolean());
        }
    }

    [Fact]
    public void A_schedule_of_other_steps_than_the_trainings_is_a_mistake_not_made()
    {
        // solo-learn 247, 248 and 286: of too few steps, so that the target stood still after some epochs.
        using var scope = NewDisposeScope();
        using var images = Noise();
        using var training = new Pretraining(Every.Spec("BYOL") with { Type = ScalarType.Float64 }, images, CPU);
        const string name = "encoder.stages.0.weight";
        for (var step = 0; step < 12; step++)
        {
            var before = training.State[$"method.target.{name}"].clone();
            training.TrainStep().Dispose();
            var (after, online) = (training.State[$"method.target.{name}"], training.State[name].detach());
            var kept = ((after - online) * (before - online)).sum() / (before - online).square().sum();
            Assert.Equal(1 - 0.1 * (1 + Math.Cos(Math.PI * step / 12)) / 2, kept.ToDouble(), 1e-9);
        }
        Assert.Equal(training.TotalSteps, training.Step);
    }

    [Fact]
    public void It_begins_as_a_copy()
    {
        using var scope = NewDisposeScope();
        using var images = Noise();
        using var training = new Pretraining(Every.Spec("BYOL"), images, CPU);
        foreach (var (name, value) in Copies(training, "method.target."))
            Assert.True(value.equal(training.State[name["method.target.".Length..]]).all().ToBoolean(), name);
    }

    [Fact]
    public void It_has_no_gradient_and_is_not_in_the_optimizer()
    {
        using var networks = Contexts.Double(3);
        using var method = new ByolSpec(null, new(0.9, 1)).Create(Contexts.Of(networks));
        var target = method.Networks[1];
        Assert.All(
            target.Encoder.parameters().Concat(target.Head.parameters()),
            parameter => Assert.False(parameter.requires_grad)
        );
        var trained = method.Groups.SelectMany(group => group.Parameters).Select(entry => entry.Parameter.Handle);
        Assert.Empty(trained.Intersect(target.Encoder.parameters().Select(parameter => parameter.Handle)));
    }

    [Fact]
    public void A_target_in_evaluation_mode_is_a_mistake_not_made()
    {
        // It computes with the statistics of its batch, and its own running ones move.
        using var scope = NewDisposeScope();
        using var images = Noise();
        using var training = new Pretraining(Every.Spec("BYOL"), images, CPU);
        const string name = "encoder.stages.1.running_mean";
        var before = training.State[$"method.target.{name}"].clone();
        for (var i = 0; i < 3; i++)
            training.TrainStep().Dispose();
        var after = training.State[$"method.target.{name}"];
        Assert.False(after.equal(before).all().ToBoolean());
        Assert.False(after.equal(training.State[name]).all().ToBoolean());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_momentum_of_0_copies_and_one_of_1_keeps(double momentum)
    {
        using var scope = NewDisposeScope();
        using var images = Noise();
        var spec = Every.Spec("BYOL");
        spec = spec with { Method = (ByolSpec)spec.Method with { Momentum = new(momentum, momentum) } };
        using var training = new Pretraining(spec, images, CPU);
        var first = Copies(training, "method.target.");
        for (var i = 0; i < 3; i++)
            training.TrainStep().Dispose();
        foreach (var (name, value) in Copies(training, "method.target."))
            Near(momentum == 0 ? training.State[name["method.target.".Length..]] : first[name], value);
    }
}
