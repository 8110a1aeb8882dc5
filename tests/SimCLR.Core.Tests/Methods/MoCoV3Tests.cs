using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class MoCoV3Tests
{
    private static double Loss(double temperature, Tensor p1, Tensor p2, Tensor k1, Tensor k2)
    {
        using var networks = Contexts.Double(3);
        using var method = new MoCoV3Spec(new(2, 3, 5), new(0.99, 1), temperature).Create(Contexts.Of(networks));
        return method.Loss([new(B, p1), new(A, p2), new(k1), new(k2)], Contexts.Input()).ToDouble();
    }

    [Theory]
    [InlineData(0.2, 0.0547685664)]
    [InlineData(1, 1.5967116687)]
    public void A_loss_without_the_factor_2_tau_is_a_mistake_not_made(double temperature, double expected)
    {
        // Both directions alike: twice one.
        using var scope = NewDisposeScope();
        Is(2 * expected, tensor(Loss(temperature, A, A, B, B)));
    }

    [Fact]
    public void The_own_views_keys_are_no_negatives_and_views_can_be_exchanged()
    {
        using var scope = NewDisposeScope();
        var loss = Loss(0.2, A, B, A + B, A - 2 * B);
        Is(loss, tensor(Loss(0.2, B, A, A - 2 * B, A + B)));
        // The first prediction meets the second view's keys alone.
        var first = 0.4 * SimCLR.Core.Losses.InfoNce.InBatch(A, A - 2 * B, 0.2);
        var second = 0.4 * SimCLR.Core.Losses.InfoNce.InBatch(B, A + B, 0.2);
        Is(loss, first + second);
    }

    [Fact]
    public void A_predictor_in_the_target_is_a_mistake_not_made()
    {
        using var images = Noise();
        using var training = new Pretraining(Every.Spec("MoCo v3"), images, CPU);
        Assert.Contains(training.State.Keys, name => name.StartsWith("method.predictor."));
        Assert.DoesNotContain(training.State.Keys, name => name.StartsWith("method.target.predictor"));
    }
}
