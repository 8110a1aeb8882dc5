using SimCLR.Core.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

public class AdamTests
{
    private static double Run(OptimizerSpec spec, params long[] shape)
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(full(shape, 2.0, dtype: float64));
        using var optimizer = spec.Create(Groups.Of(("p", parameter)));
        foreach (var (rate, gradient) in new[] { (0.1, 1.0), (0.2, 3.0) })
        {
            parameter.SetGradient(full(shape, gradient, dtype: float64));
            optimizer.LearningRate = rate;
            optimizer.Step();
        }
        return parameter.detach().data<double>()[0];
    }

    // Beta1 0.5, Beta2 0.75, no epsilon to speak of. Step 1: m = 0.5, v = 0.25; corrected m / √v = 1 / 1, move 0.1.
    // Step 2: m = 0.25 + 1.5 = 1.75, v = 0.1875 + 2.25 = 2.4375; corrected by 0.75 and 0.4375:
    // m = 7/3, v = 39/7, move 0.2 · (7/3) / √(39/7).
    private static readonly double Second = 0.2 * (7 / 3.0) / Math.Sqrt(39 / 7.0);

    [Fact]
    public void Two_steps_by_hand() =>
        Assert.Equal(2 - 0.1 - Second, Run(new AdamSpec(0.5, 0.75, 1e-300), 1, 1), 1e-14);

    [Fact]
    public void AdamW_shrinks_the_weight_apart_from_the_gradient() =>
        // 2 (1 - 0.1 · 0.5) - 0.1 = 1.8, then 1.8 (1 - 0.2 · 0.5) - Second.
        Assert.Equal(1.62 - Second, Run(new AdamSpec(0.5, 0.75, 1e-300, 0.5, Decoupled: true), 1, 1), 1e-14);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_group_that_does_not_decay_does_not(bool decoupled) =>
        Assert.Equal(1.9 - Second, Run(new AdamSpec(0.5, 0.75, 1e-300, 0.5, decoupled), 1), 1e-14);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_trajectory_equals_that_of_TorchSharps(bool decoupled)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var start = randn(3, 4, float64, CPU, generator: generator);
        var (ours, theirs) = (new Parameter(start.clone()), new Parameter(start.clone()));
        using var optimizer = new AdamSpec(WeightDecay: 0.1, Decoupled: decoupled).Create(Groups.Of(("w", ours)));
        using OptimizerHelper reference = decoupled
            ? optim.AdamW([theirs], 0.1, 0.9, 0.999, 1e-8, 0.1)
            : optim.Adam([theirs], 0.1, 0.9, 0.999, 1e-8, 0.1);
        for (var step = 0; step < 30; step++)
        {
            optimizer.LearningRate = 0.1 * (1 + step % 4);
            foreach (var group in reference.ParamGroups)
                group.LearningRate = optimizer.LearningRate;
            theirs.grad = randn(3, 4, float64, CPU, generator: generator);
            ours.SetGradient(theirs.grad);
            optimizer.Step();
            reference.step();
        }
        Assert.True((ours - theirs).abs().max().ToDouble() < 1e-13);
    }
}
