using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class SimSiamTests
{
    private static readonly SimSiamSpec Spec = new(new(2, 3, 5));

    [Fact]
    public void The_example_has_the_loss_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Spec.Create(Contexts.Of(networks));
        Is(-0.8638326937, method.Loss([new(B, A), new(B, A)], Contexts.Input()));
        Is(-1, method.Loss([new(A, B), new(B, A)], Contexts.Input()));
    }

    [Fact]
    public void A_gradient_stopped_at_the_prediction_instead_of_the_target_is_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Spec.Create(Contexts.Of(networks));
        var (z, p) = (A.requires_grad_(), B.requires_grad_());
        method.Loss([new(z, p), new(B, A)], Contexts.Input()).backward();
        Assert.Null(z.grad);
        Assert.NotNull(p.grad);
    }

    [Fact]
    public void Without_the_stopped_gradient_the_target_has_one()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = (Spec with { StopGradient = false }).Create(Contexts.Of(networks));
        var z = A.requires_grad_();
        method.Loss([new(z, B), new(B, A)], Contexts.Input()).backward();
        Assert.NotNull(z.grad);
    }

    [Fact]
    public void A_decaying_rate_of_the_predictor_is_a_mistake_not_made()
    {
        using var networks = Contexts.Double(3);
        var context = Contexts.Of(networks);
        using var method = Spec.Create(context);
        var (predictor, others) = (
            method.Groups.Where(group => group.Name.StartsWith("predictor")),
            method.Groups.Where(group => !group.Name.StartsWith("predictor"))
        );
        Assert.Equal(2, predictor.Count());
        Assert.All(predictor, group => Assert.Equal(context.LearningRate, group.FixedRate));
        Assert.All(others, group => Assert.Null(group.FixedRate));
        using var decaying = (Spec with { ConstantRate = false }).Create(context);
        Assert.All(decaying.Groups, group => Assert.Null(group.FixedRate));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Without_predictor_or_without_stopped_gradient_it_collapses_and_is_told_so(bool predictor, bool stop)
    {
        using var images = Noise();
        var spec = Every.Spec("SimSiam");
        var method = (SimSiamSpec)spec.Method;
        using var training = new Pretraining(
            spec with
            {
                Method = method with { Predictor = predictor ? method.Predictor : null, StopGradient = stop },
                Head = new(2, 12, 16, BatchNorm: false),
                LearningRate = 1,
                Epochs = 100,
            },
            images,
            CPU
        );
        var message = Assert.Throws<TrainingCollapsedException>(() => training.Run()).Message;
        Assert.Contains("collapsed", message);
        Assert.Contains("which is -1 then", message);
    }
}
