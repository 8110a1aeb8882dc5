using SimCLR.Core.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

public class OptimizerTests
{
    /// <summary>Sets the gradients and takes a step; the values of the parameter after it.</summary>
    private static double[] Step(IOptimizer optimizer, Parameter parameter, params double[] gradient)
    {
        using var scope = NewDisposeScope();
        optimizer.ZeroGrad();
        using (var flat = (parameter * tensor(gradient).view(parameter.shape)).sum())
            flat.backward();
        optimizer.Step();
        return [.. parameter.data<double>()];
    }

    private static Parameter Weight(params double[] values) => new(tensor(values).view(1, -1));

    private static IOptimizer Create(OptimizerSpec spec, Parameter parameter, double rate)
    {
        var optimizer = spec.Create(Groups.Of(("w", parameter)));
        optimizer.LearningRate = rate;
        return optimizer;
    }

    private static void Near(double[] expected, double[] actual) =>
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-12));

    [Fact]
    public void Sgd_by_hand_remembers_its_momentum()
    {
        using var w = Weight(1, -2);
        using var optimizer = Create(new SgdSpec(Momentum: 0.9, WeightDecay: 0.1), w, 0.5);
        // u = g + 0.1 w = (1.1, 1.8); v = u; w - 0.5 v = (0.45, -2.9)
        Near([0.45, -2.9], Step(optimizer, w, 1, 2));
        // u = 0.1 w = (0.045, -0.29); v = 0.9 (1.1, 1.8) + u = (1.035, 1.33); w - 0.5 v = (-0.0675, -3.565)
        Near([-0.0675, -3.565], Step(optimizer, w, 0, 0));
    }

    public static TheoryData<OptimizerSpec, OptimizerSpec> Decays =>
        new()
        {
            { new SgdSpec(0.9, 0.01), new SgdSpec(0.9, 0.05) },
            { new LarsSpec(0.9, 0.01), new LarsSpec(0.9, 0.05) },
            { new AdamSpec(WeightDecay: 0.01), new AdamSpec(WeightDecay: 0.05) },
            { new AdamSpec(WeightDecay: 0.01, Decoupled: true), new AdamSpec(WeightDecay: 0.05, Decoupled: true) },
        };

    [Theory]
    [MemberData(nameof(Decays))]
    public void A_factor_of_the_weight_decay_is_another_weight_decay(OptimizerSpec some, OptimizerSpec more)
    {
        using var v = Weight(1, -2, 3);
        using var w = Weight(1, -2, 3);
        using var scaled = Create(some, v, 0.1);
        using var plain = Create(more, w, 0.1);
        Assert.Equal(1, scaled.WeightDecayFactor);
        scaled.WeightDecayFactor = 5;
        double[] last = [];
        for (var step = 0; step < 3; step++)
        {
            last = Step(scaled, v, 0.3, 0.1, -0.2);
            Near(Step(plain, w, 0.3, 0.1, -0.2), last);
        }
        scaled.WeightDecayFactor = 1;
        Assert.NotEqual(Step(plain, w, 0.3, 0.1, -0.2)[1], Step(scaled, v, 0.3, 0.1, -0.2)[1], 1e-9);
    }

    [Fact]
    public void Nesterov_by_hand_looks_ahead()
    {
        using var w = Weight(1);
        using var optimizer = Create(new SgdSpec(Momentum: 0.9, Nesterov: true), w, 0.1);
        // v = 1; w - 0.1 (1 + 0.9) = 0.81. Then v = 0.9 + 2 = 2.9; w - 0.1 (2 + 0.9 * 2.9) = 0.81 - 0.461 = 0.349
        Near([0.81], Step(optimizer, w, 1));
        Near([0.349], Step(optimizer, w, 2));
    }

    [Fact]
    public void Lars_by_hand_keeps_the_rate_inside_the_velocity()
    {
        using var w = Weight(3, 4);
        using var optimizer = Create(new LarsSpec(Momentum: 0.5, WeightDecay: 0, TrustCoefficient: 0.1), w, 2);
        // |w| = 5, |g| = 10: trust 0.1 * 5 / 10 = 0.05; v = 2 * 0.05 (6, 8) = (0.6, 0.8); w = (2.4, 3.2), |w| = 4
        Near([2.4, 3.2], Step(optimizer, w, 6, 8));
        // The rate falls to 1. trust 0.1 * 4 / 10 = 0.04; v = 0.5 (0.6, 0.8) + 0.04 (6, 8) = (0.54, 0.72): the old velocity is
        // not scaled by the new rate, as it would be with the rate outside.
        optimizer.LearningRate = 1;
        Near([1.86, 2.48], Step(optimizer, w, 6, 8));
    }

    [Fact]
    public void Lars_decays_inside_the_trust_ratio()
    {
        using var w = Weight(3, 4);
        using var optimizer = Create(new LarsSpec(Momentum: 0, WeightDecay: 2, TrustCoefficient: 0.1), w, 1);
        // u = g + 2 w = (6, 8), |u| = 10; trust 0.05; w - 0.05 u = (2.7, 3.6)
        Near([2.7, 3.6], Step(optimizer, w, 0, 0));
    }

    [Fact]
    public void Lars_leaves_a_zero_weight_and_a_zero_gradient_unadapted()
    {
        using var zero = Weight(0, 0);
        using var optimizer = Create(new LarsSpec(Momentum: 0, WeightDecay: 0), zero, 0.5);
        Near([-0.5, -1], Step(optimizer, zero, 1, 2));
        using var still = Weight(1, 1);
        using var other = Create(new LarsSpec(Momentum: 0, WeightDecay: 0), still, 0.5);
        Near([1, 1], Step(other, still, 0, 0));
    }

    [Fact]
    public void A_group_that_neither_decays_nor_adapts_does_not()
    {
        using var bias = new Parameter(tensor(new double[] { 3, 4 }));
        using var lars = Create(new LarsSpec(Momentum: 0, WeightDecay: 100), bias, 0.1);
        Near([2.9, 3.8], Step(lars, bias, 1, 2));
        using var sgd = Create(new SgdSpec(Momentum: 0, WeightDecay: 100), bias, 0.1);
        Near([2.8, 3.6], Step(sgd, bias, 1, 2));
    }

    private static readonly Dictionary<string, OptimizerSpec> Specs = new()
    {
        ["sgd"] = new SgdSpec(WeightDecay: 1e-3),
        ["lars"] = new LarsSpec(),
        ["adam"] = new AdamSpec(WeightDecay: 1e-3),
        ["adamw"] = new AdamSpec(WeightDecay: 1e-3, Decoupled: true),
    };

    public static TheoryData<string> Names => [.. Specs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_state_that_is_carried_over_continues_bit_for_bit(string name)
    {
        var spec = Specs[name];
        using var w = Weight(1, 2);
        using var first = Create(spec, w, 0.1);
        Step(first, w, 0.3, 0.4);
        using var copy = new Parameter(w.detach().clone());
        using var second = Create(spec, copy, 0.1);
        using (no_grad())
            foreach (var (key, tensor) in first.State)
                second.State[key].copy_(tensor);
        Assert.Equal(Step(first, w, -1, 0.5), Step(second, copy, -1, 0.5));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Momentum_forgotten_is_a_mistake_not_made(string name)
    {
        // The same last step ends elsewhere when the state is lost.
        using var kept = Weight(1, 2);
        using var optimizer = Create(Specs[name], kept, 0.1);
        Step(optimizer, kept, 0.3, 0.4);
        using var lost = new Parameter(kept.detach().clone());
        using var fresh = Create(Specs[name], lost, 0.1);
        Assert.NotEqual(Step(optimizer, kept, -1, 0.5)[0], Step(fresh, lost, -1, 0.5)[0], 1e-6);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_parameter_that_backward_does_not_reach_moves_as_by_a_gradient_of_0(string name)
    {
        using var unreached = Weight(1, 2);
        using var first = Create(Specs[name], unreached, 0.1);
        first.Step();
        using var reached = Weight(1, 2);
        using var second = Create(Specs[name], reached, 0.1);
        Assert.Equal(Step(second, reached, 0, 0), unreached.data<double>().ToArray());
    }
}
