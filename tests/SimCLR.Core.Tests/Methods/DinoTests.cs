using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class DinoTests
{
    private static readonly DinoSpec Spec = new(3, new(0.9, 1));

    [Fact]
    public void A_centre_that_moves_before_the_loss_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Spec.Create(Contexts.Of(networks));
        Embedding[] embeddings = [new(A), new(B), new(A), new(B)];
        var before = method.Loss(embeddings, Contexts.Input()).ToDouble();
        Assert.Equal(0, method.State["centre"].abs().max().ToDouble());
        method.AfterStep(embeddings, Contexts.Input());
        Assert.NotEqual(before, method.Loss(embeddings, Contexts.Input()).ToDouble(), 1e-6);
    }

    [Fact]
    public void The_centre_is_a_running_mean_over_images_and_both_views()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Spec.Create(Contexts.Of(networks));
        // Outputs are the numbers of normalized embeddings themselves.
        method.State["teacher"].copy_(eye(3, dtype: ScalarType.Float64));
        method.State["centre"].copy_(tensor(new[] { 0.1, -0.2, 0.3 }, [1, 3]));
        method.AfterStep([new(A), new(B), new(A), new(B)], Contexts.Input());
        var mean = nn.functional.normalize(cat([A, B])).mean([0]);
        var expected = 0.9 * tensor(new[] { 0.1, -0.2, 0.3 }) + 0.1 * mean;
        Is(expected.data<double>().ToArray(), method.State["centre"][0]);
    }

    [Fact]
    public void The_example_has_the_centre_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(4);
        using var method = Spec.Create(Contexts.Of(networks));
        // Cosines are at most 1: a third of the example, and in a fourth dimension what is missing to the length 1.
        var third = A / 3;
        Embedding taught = new(cat([third, (1 - third.square().sum(1, keepdim: true)).sqrt()], 1));
        method.State["teacher"].copy_(eye(3, 4, dtype: ScalarType.Float64));
        method.State["centre"].copy_(tensor(new[] { 0.1, -0.2, 0.3 }, [1, 3]) / 3);
        method.AfterStep([taught, taught, taught, taught], Contexts.Input());
        Is([0.14, -0.155, 0.32], 3 * method.State["centre"][0]);
    }

    [Fact]
    public void The_teacher_is_evaluated_and_its_outputs_follow()
    {
        using var scope = NewDisposeScope();
        using var images = Noise();
        using var training = new Pretraining(Every.Spec("DINO"), images, CPU);
        for (var step = 0; step < 4; step++)
            training.TrainStep().Dispose();
        var state = training.State;
        var shown = training.Encoder.state_dict()["stages.0.weight"];
        Assert.True(shown.equal(state["method.target.encoder.stages.0.weight"]).all().ToBoolean());
        Assert.False(shown.equal(state["encoder.stages.0.weight"]).all().ToBoolean());
        Assert.False(state["method.teacher"].equal(state["method.student"]).all().ToBoolean());
    }

    [Fact]
    public void Every_group_has_its_gradients_bounded_and_outputs_stand_still_at_first()
    {
        using var networks = Contexts.Double(3);
        using var method = Spec.Create(Contexts.Of(networks));
        Assert.All(method.Groups, group => Assert.Equal(3, group.LargestGradient));
        Assert.Equal([25], method.Groups.Where(group => group.FrozenUntil > 0).Select(group => group.FrozenUntil));
    }

    private static IMethod OfCrops(Networks networks, DinoSpec spec) =>
        spec.Create(
            Contexts.Of(networks) with
            {
                ViewsBySize =
                [
                    [0, 1],
                    [2, 3],
                ],
            }
        );

    [Fact]
    public void A_teacher_that_sees_small_crops_is_a_mistake_not_made()
    {
        using var networks = Contexts.Double(3);
        using var method = OfCrops(networks, Spec);
        var branches = method.Branches.Select(branch => (branch.WithGradient, string.Join(" ", branch.Views)));
        Assert.Equal([(true, "0 1"), (true, "2 3"), (false, "0 1")], branches);
    }

    [Fact]
    public void A_view_that_follows_the_teacher_on_itself_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = OfCrops(networks, Spec);
        Embedding Leaf(Tensor view) => new(view.requires_grad_());
        // The teacher's second view alone has a say in the student's first one.
        Tensor OfFirst(Tensor taughtFirst)
        {
            Embedding[] embeddings = [Leaf(A), Leaf(B), Leaf(A), Leaf(B), new(taughtFirst), new(B)];
            method.Loss(embeddings, Contexts.Input()).backward();
            return embeddings[0].Projection.grad!;
        }
        Assert.True(OfFirst(A).equal(OfFirst(B.roll(1, 0))).all().ToBoolean());
    }

    [Fact]
    public void The_centre_is_of_the_teachers_views_alone()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var several = OfCrops(networks, Spec);
        using var pair = Spec.Create(Contexts.Of(networks));
        several.AfterStep([new(A), new(B), new(A + 1), new(B + 1), new(A), new(B)], Contexts.Input());
        pair.AfterStep([new(A), new(B), new(A), new(B)], Contexts.Input());
        Assert.True(several.State["centre"].equal(pair.State["centre"]).all().ToBoolean());
    }

    [Fact]
    public void The_teachers_temperature_rises_from_epoch_to_epoch()
    {
        var warmup = new TemperatureWarmup(0.04, 30);
        // numpy.linspace(0.04, 0.07, 30), and 0.07 from then on.
        Assert.Equal(0.04, warmup.At(0, 0.07));
        Assert.Equal(0.04 + 0.03 / 29, warmup.At(1, 0.07), 1e-15);
        Assert.Equal(0.07, warmup.At(29, 0.07), 1e-15);
        Assert.Equal(0.07, warmup.At(30, 0.07));
        Assert.Equal(0.04, new TemperatureWarmup(0.04, 1).At(0, 0.07));
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var warm = (Spec with { TeacherWarmup = new TemperatureWarmup(0.02, 3) }).Create(Contexts.Of(networks));
        using var low = (Spec with { TeacherTemperature = 0.02 }).Create(Contexts.Of(networks));
        using var middle = (Spec with { TeacherTemperature = 0.03 }).Create(Contexts.Of(networks));
        double Loss(IMethod method, long step) =>
            method.Loss([new(A), new(B), new(A), new(B)], Contexts.Input(step)).ToDouble();
        // 25 steps are an epoch.
        Assert.Equal(Loss(low, 24), Loss(warm, 24), 1e-12);
        Assert.Equal(Loss(middle, 25), Loss(warm, 25), 1e-12);
    }

    [Fact]
    public void Both_collapses_are_named()
    {
        using var networks = Contexts.Double(3);
        using var method = Spec.Create(Contexts.Of(networks));
        var seen = method.Collapses.Where(collapse => collapse.Figure == "teacher entropy").ToList();
        Assert.Equal([true, false], seen.Select(collapse => collapse.IsSeen(1e-5)));
        Assert.Equal([false, true], seen.Select(collapse => collapse.IsSeen(Math.Log(3) - 1e-5)));
    }
}
