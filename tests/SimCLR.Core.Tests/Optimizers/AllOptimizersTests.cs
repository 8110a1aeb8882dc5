using SimCLR.Core.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

/// <summary>What must hold for every optimizer.</summary>
public class AllOptimizersTests
{
    private static readonly Dictionary<string, OptimizerSpec> specs = new()
    {
        ["Sgd"] = new SgdSpec(0.9, false, 0.1),
        ["Nesterov"] = new SgdSpec(0.9, true, 0.1, true),
        ["Lars"] = new LarsSpec(0.9, 0.1, 0.01),
        ["Adam"] = new AdamSpec(WeightDecay: 0.1, ExcludeBiasAndNorm: true),
        ["AdamW"] = new AdamWSpec(),
    };

    public static TheoryData<string> Names => [.. specs.Keys];

    [Theory, MemberData(nameof(Names))]
    public void A_saved_and_loaded_state_continues_bit_for_bit(string name)
    {
        using var scope = NewDisposeScope();
        using var straight = new Network(ScalarType.Float32);
        using var optimizer = specs[name].Create(straight.Named);
        straight.Train(optimizer, 0, 5);
        var saved = optimizer.State.ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        using var resumed = new Network(ScalarType.Float32);
        using (no_grad())
        {
            resumed.Weight.copy_(straight.Weight);
            resumed.Bias.copy_(straight.Bias);
        }

        straight.Train(optimizer, 5, 12);
        using var fresh = specs[name].Create(resumed.Named);
        fresh.LoadState(saved);
        resumed.Train(fresh, 5, 12);
        Assert.Equal(straight.Values(), resumed.Values());
        foreach (var (key, value) in optimizer.State)
            Assert.True(value.equal(fresh.State[key]).all().ToBoolean());
    }

    [Theory, MemberData(nameof(Names))]
    public void Momentum_is_not_forgotten(string name)
    {
        // The same five last steps end elsewhere when the state is lost.
        using var kept = new Network();
        using var optimizer = specs[name].Create(kept.Named);
        kept.Train(optimizer, 0, 5);
        using var lost = new Network();
        using (no_grad())
        {
            lost.Weight.copy_(kept.Weight);
            lost.Bias.copy_(kept.Bias);
        }

        kept.Train(optimizer, 5, 10);
        using var fresh = specs[name].Create(lost.Named);
        lost.Train(fresh, 5, 10);
        Assert.NotEqual(kept.Values()[0], lost.Values()[0], 1e-6);
        Assert.NotEqual(kept.Values()[6], lost.Values()[6], 1e-6);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_state_that_does_not_fit_is_refused_and_changes_nothing(string name)
    {
        using var scope = NewDisposeScope();
        using var network = new Network();
        using var optimizer = specs[name].Create(network.Named);
        network.Train(optimizer, 0, 2);
        var good = optimizer.State.ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        var key = good.Keys.First(k => k.EndsWith("weight"));
        foreach (var bad in new[] { zeros(7, 7, float64), good[key].to(float32) })
        {
            var wrong = good.ToDictionary(pair => pair.Key, pair => pair.Value + 1);
            wrong[key] = bad;
            Assert.Contains(key, Assert.Throws<ArgumentException>(() => optimizer.LoadState(wrong)).Message);
        }

        good.Remove(key);
        Assert.Contains(key, Assert.Throws<ArgumentException>(() => optimizer.LoadState(good)).Message);
        good.Remove(good.Keys.First());
        foreach (var (name2, value) in good)
            Assert.True(value.equal(optimizer.State[name2]).all().ToBoolean());
    }

    [Theory, MemberData(nameof(Names))]
    public void A_step_leaves_the_number_of_tensors_unchanged(string name)
    {
        using var network = new Network();
        using var optimizer = specs[name].Create(network.Named);
        network.Train(optimizer, 0, 2);
        var before = LiveTensors.Count();
        network.Train(optimizer, 2, 5);
        Assert.Equal(before, Tensor.TotalCount);
        optimizer.ZeroGrad();
        using var norm = GradientNorm.Global([network.Weight, network.Bias]);
        Assert.InRange(Tensor.TotalCount, 0, before + 1);
    }

    [Theory, MemberData(nameof(Names))]
    public void Disposing_frees_the_state_and_keeps_the_parameters(string name)
    {
        using var network = new Network();
        var before = LiveTensors.Count();
        var optimizer = specs[name].Create(network.Named);
        Assert.True(Tensor.TotalCount > before);
        optimizer.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal(12, network.Values().Length);
    }

    [Theory, MemberData(nameof(Names))]
    public void The_state_outlives_the_dispose_scope_of_its_making(string name)
    {
        using var network = new Network();
        IOptimizer optimizer;
        using (NewDisposeScope())
            optimizer = specs[name].Create(network.Named);
        network.Train(optimizer, 0, 2);
        optimizer.Dispose();
    }

    [Theory, MemberData(nameof(Names))]
    public void A_parameter_without_gradient_stays(string name)
    {
        using var network = new Network();
        using var optimizer = specs[name].Create(network.Named);
        network.SetGradients(0);
        network.Bias.grad = null;
        optimizer.LearningRate = 1;
        optimizer.Step();
        Assert.Equal(Network.Start(1), network.Values()[6..]);
        Assert.NotEqual(Network.Start(0)[0], network.Values()[0]);
    }

    [Theory, MemberData(nameof(Names))]
    public void ZeroGrad_drops_the_gradients(string name)
    {
        using var network = new Network();
        using var optimizer = specs[name].Create(network.Named);
        network.SetGradients(0);
        optimizer.ZeroGrad();
        Assert.Null(network.Weight.grad);
        Assert.Null(network.Bias.grad);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_step_without_learning_rate_is_refused(string name)
    {
        using var network = new Network();
        using var optimizer = specs[name].Create(network.Named);
        Assert.Throws<InvalidOperationException>(optimizer.Step);
        Assert.Throws<ArgumentOutOfRangeException>(() => optimizer.LearningRate = -1);
        Assert.Throws<ArgumentOutOfRangeException>(() => optimizer.LearningRate = double.NaN);
    }

    [Theory, MemberData(nameof(Names))]
    public void Rate_0_moves_nothing(string name)
    {
        using var network = new Network();
        using var optimizer = specs[name].Create(network.Named);
        network.SetGradients(0);
        optimizer.LearningRate = 0;
        optimizer.Step();
        Assert.Equal((double[])[.. Network.Start(0), .. Network.Start(1)], network.Values());
    }

    [Theory, MemberData(nameof(Names))]
    public void Names_must_be_unique_and_there_must_be_some(string name)
    {
        using var network = new Network();
        Assert.Throws<ArgumentException>(() => specs[name].Create([("w", network.Weight), ("w", network.Bias)]));
        Assert.Throws<ArgumentException>(() => specs[name].Create([]));
    }

    [Fact]
    public void Constants_out_of_range_are_refused()
    {
        Assert.Contains("1.5", Assert.Throws<ArgumentOutOfRangeException>(() => new SgdSpec(1.5)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SgdSpec() with { WeightDecay = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LarsSpec(TrustCoefficient: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdamSpec(Beta2: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdamWSpec(Epsilon: 0));
    }

    [Fact]
    public void The_global_gradient_norm_is_that_of_all_gradients_as_one_vector()
    {
        using var scope = NewDisposeScope();
        using var network = new Network();
        Parameter[] parameters = [network.Weight, network.Bias];
        Assert.Equal(0, GradientNorm.Global(parameters).ToSingle());
        network.SetGradients(3);
        var expected = Math.Sqrt(Network.Gradient(0, 3).Concat(Network.Gradient(1, 3)).Sum(g => g * g));
        Assert.Equal(expected, GradientNorm.Global(parameters).ToDouble(), 1e-14);
    }
}
