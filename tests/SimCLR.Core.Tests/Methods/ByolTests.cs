using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class ByolTests
{
    private static IMethod Create(Networks networks) =>
        new ByolSpec(new(2, 3, 5), new(0.99, 1)).Create(Contexts.Of(networks));

    /// <summary>Predictions of both views, projections of the target.</summary>
    private static double Loss(IMethod method, Tensor p1, Tensor p2, Tensor z1, Tensor z2) =>
        method.Loss([new(A, p1), new(B, p2), new(z1), new(z2)], Contexts.Input()).ToDouble();

    [Fact]
    public void The_example_has_the_loss_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        Is(0.5446692251, tensor(Loss(method, A, A, B, B)));
    }

    [Fact]
    public void The_mean_of_both_directions_instead_of_their_sum_is_a_mistake_not_made()
    {
        // Opposite everywhere: 4 in each direction.
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        Is(8, tensor(Loss(method, A, B, -B, -A)));
        Is(0, tensor(Loss(method, A, B, B, A)));
    }

    [Fact]
    public void Each_prediction_is_of_the_other_view()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Create(networks);
        Is(Loss(method, A, B, B, A), tensor(0.0));
        Assert.True(Loss(method, A, B, A, B) > 0.5);
        // Views exchanged.
        Is(Loss(method, A, 2 * A - B, B, A + B), tensor(Loss(method, 2 * A - B, A, A + B, B)));
    }

    [Fact]
    public void A_result_that_is_the_targets_encoder_is_a_mistake_not_made()
    {
        // lucidrains/byol-pytorch 73: its running statistics are those of other weights.
        using var images = Noise();
        using var training = new Pretraining(Every.Spec("BYOL"), images, CPU);
        for (var step = 0; step < 3; step++)
            training.TrainStep().Dispose();
        Assert.Equal("online", training.Evaluated);
        var state = training.State;
        // All but the predictor, which is the method's.
        var known = ((ITrainee)training).Kept.Where(named => state.ContainsKey(named.Key)).ToList();
        Assert.Contains(known, named => named.Key.StartsWith("encoder."));
        foreach (var (name, kept) in known)
        {
            Assert.True(kept.equal(state[name]).all().ToBoolean(), name);
            if (name.EndsWith("weight") || name.Contains("running"))
                Assert.False(kept.equal(state[$"method.target.{name}"]).all().ToBoolean(), name);
        }
    }

    [Fact]
    public void Predictor_and_head_end_without_batch_norm_where_asked()
    {
        using var images = Noise();
        using var training = new Pretraining(Every.Spec("BYOL"), images, CPU);
        var names = training.State.Keys.Where(name => name.StartsWith("method.predictor.")).ToList();
        Assert.Contains("method.predictor.layers.1.running_mean", names);
        Assert.DoesNotContain("method.predictor.layers.4.running_mean", names);
        Assert.DoesNotContain("method.predictor.layers.3.bias", names);
    }

    [Fact]
    public void Without_predictor_and_with_a_fast_target_it_collapses_and_is_told_so()
    {
        using var images = Noise();
        var spec = Every.Spec("BYOL") with
        {
            Method = new ByolSpec(null, new(0, 0)),
            Head = new(2, 12, 16, BatchNorm: false),
            LearningRate = 1,
            Epochs = 100,
        };
        using var training = new Pretraining(spec, images, CPU);
        var message = Assert.Throws<TrainingCollapsedException>(() => training.Run()).Message;
        Assert.Contains("collapsed", message);
        Assert.Contains("BYOL needs its predictor", message);
    }
}
