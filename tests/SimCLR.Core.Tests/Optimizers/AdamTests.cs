using SimCLR.Core.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

public class AdamTests
{
    private static double Run(OptimizerSpec spec, long[] shape)
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

    // Beta1 0.5, Beta2 0.75, no epsilon to speak of. Step 1: m = 0.5, v = 0.25; corrected m / √v = 1 / 1, move 0.1.
    // Step 2: m = 0.25 + 1.5 = 1.75, v = 0.1875 + 2.25 = 2.4375; corrected by 0.75 and 0.4375:
    // m = 7/3, v = 39/7, move 0.2 * (7/3) / √(39/7).
    private static readonly double second = 0.2 * (7 / 3.0) / Math.Sqrt(39 / 7.0);

    [Fact]
    public void Two_steps_by_hand() =>
        Assert.Equal(2 - 0.1 - second, Run(new AdamSpec(0.5, 0.75, 1e-300), [1, 1]), 1e-14);

    [Fact]
    public void AdamW_shrinks_the_weight_apart_from_the_gradient() =>
        // 2 (1 - 0.1 * 0.5) - 0.1 = 1.8, then 1.8 (1 - 0.2 * 0.5) - second.
        Assert.Equal(1.62 - second, Run(new AdamWSpec(0.5, 0.75, 1e-300, 0.5), [1, 1]), 1e-14);

    [Fact]
    public void Biases_and_norms_decay_unless_excluded()
    {
        Assert.Equal(1.62 - second, Run(new AdamWSpec(0.5, 0.75, 1e-300, 0.5), [1]), 1e-14);
        Assert.Equal(1.9 - second, Run(new AdamWSpec(0.5, 0.75, 1e-300, 0.5, true), [1]), 1e-14);
        Assert.Equal(1.9 - second, Run(new AdamSpec(0.5, 0.75, 1e-300, 0.5, true), [1]), 1e-14);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_trajectory_equals_that_of_TorchSharps(bool decoupled)
    {
        using var scope = NewDisposeScope();
        using var ours = new Network();
        OptimizerSpec spec = decoupled ? new AdamWSpec(WeightDecay: 0.1) : new AdamSpec(WeightDecay: 0.1);
        using var optimizer = spec.Create(ours.Named);
        ours.Train(optimizer, 0, 30);
        using var theirs = new Network();
        Parameter[] parameters = [theirs.Weight, theirs.Bias];
        using OptimizerHelper reference = decoupled
            ? optim.AdamW(parameters, 0.1, 0.9, 0.999, 1e-8, 0.1)
            : optim.Adam(parameters, 0.1, 0.9, 0.999, 1e-8, 0.1);
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
