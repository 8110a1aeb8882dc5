using SimCLR.Core.Losses;
using SimCLR.Core.Tests.Golden;
using SimCLR.Core.Tests.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class NoiseContrastiveTests
{
    private static Tensor Scores => Formula.Numbers("methods.noise scores", [5, 9], 0.1, 3);

    private static Tensor Constant => tensor(new[] { 40.0 });

    [Fact]
    public void Loss_and_gradient_are_those_of_plain_PyTorch()
    {
        using var golden = new GoldenFile("methods");
        using var scope = NewDisposeScope();
        var scores = Scores.requires_grad_();
        var loss = NoiseContrastive.Compute(scores, Constant, 30);
        loss.backward();
        golden.Compare("noise.loss", loss.reshape(1), 1e-12);
        golden.Compare("noise.gradients", scores.grad!, 1e-12);
    }

    [Fact]
    public void The_gradient_is_that_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        Example.HasTheGradientOfDifferences(scores => NoiseContrastive.Compute(scores, Constant, 30), Scores);
    }

    [Fact]
    public void A_higher_own_score_and_lower_others_are_a_lower_loss()
    {
        using var scope = NewDisposeScope();
        var better = Scores;
        better[TensorIndex.Colon, 0] = better[TensorIndex.Colon, 0] + 1;
        Assert.True(Loss(better) < Loss(Scores));
        var worse = Scores;
        worse[TensorIndex.Colon, 3] = worse[TensorIndex.Colon, 3] + 1;
        Assert.True(Loss(worse) > Loss(Scores));

        static double Loss(Tensor scores) => NoiseContrastive.Compute(scores, Constant, 30).ToDouble();
    }
}
