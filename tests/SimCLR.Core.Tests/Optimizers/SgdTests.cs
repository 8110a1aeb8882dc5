using SimCLR.Core.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

public class SgdTests
{
    private static double Run(SgdSpec spec, long[] shape)
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(full(shape, 2.0, dtype: float64));
        using var optimizer = spec.Create([("p", parameter)]);
        foreach (var (rate, gradient) in new[] { (0.1, 1.0), (0.2, 3.0) })
        {
            parameter.grad = full(shape, gradient, dtype: float64);
            optimizer.LearningRate = rate;
            optimizer.Step();
        }

        return parameter.detach().data<double>()[0];
    }

    [Fact]
    public void Two_steps_by_hand_with_momentum() =>
        // v = 1, w = 2 - 0.1 = 1.9; v = 0.9 + 3 = 3.9, w = 1.9 - 0.2 * 3.9 = 1.12.
        Assert.Equal(1.12, Run(new SgdSpec(0.9), [1, 1]), 1e-15);

    [Fact]
    public void Two_steps_by_hand_without_momentum() =>
        // 2 - 0.1 - 0.2 * 3 = 1.3.
        Assert.Equal(1.3, Run(new SgdSpec(0), [1, 1]), 1e-15);

    [Fact]
    public void Two_steps_by_hand_with_Nesterov() =>
        // v = 1, w = 2 - 0.1 (1 + 0.9) = 1.81; v = 3.9, w = 1.81 - 0.2 (3 + 0.9 * 3.9) = 0.508.
        Assert.Equal(0.508, Run(new SgdSpec(0.9, Nesterov: true), [1, 1]), 1e-15);

    [Fact]
    public void Two_steps_by_hand_with_decay() =>
        // g' = 1 + 0.5 * 2 = 2, w = 1.8; g' = 3 + 0.9 = 3.9, v = 1.8 + 3.9 = 5.7, w = 1.8 - 1.14 = 0.66.
        Assert.Equal(0.66, Run(new SgdSpec(0.9, false, 0.5), [1, 1]), 1e-15);

    [Fact]
    public void Biases_and_norms_decay_unless_excluded()
    {
        Assert.Equal(0.66, Run(new SgdSpec(0.9, false, 0.5), [1]), 1e-15);
        Assert.Equal(1.12, Run(new SgdSpec(0.9, false, 0.5, ExcludeBiasAndNorm: true), [1]), 1e-15);
        Assert.Equal(0.66, Run(new SgdSpec(0.9, false, 0.5, ExcludeBiasAndNorm: true), [1, 1]), 1e-15);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_trajectory_equals_that_of_TorchSharps_SGD(bool nesterov)
    {
        using var scope = NewDisposeScope();
        using var ours = new Network();
        using var optimizer = new SgdSpec(0.9, nesterov, 0.01).Create(ours.Named);
        ours.Train(optimizer, 0, 30);
        using var theirs = new Network();
        using var reference = optim.SGD([theirs.Weight, theirs.Bias], 0.1, 0.9, 0, 0.01, nesterov);
        for (var step = 0; step < 30; step++)
        {
            theirs.SetGradients(step);
            foreach (var group in reference.ParamGroups)
                group.LearningRate = Network.Rate(step);
            reference.step();
        }

        foreach (var (expected, actual) in theirs.Values().Zip(ours.Values()))
            Assert.Equal(expected, actual, 1e-13);
    }
}
