using SimCLR.Core.Encoders;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

/// <summary>Optimizers on flat memory against the same optimizers parameter by parameter, given the same gradients.</summary>
public class OptimizerReferenceTests
{
    private const int Steps = 200;

    /// <summary>With a rate, and the most operations that a step of a ResNet-18 may ask for: a tenth of what it takes parameter by parameter,
    /// which is 500, 560, 811, 1702 and 1802.</summary>
    private static readonly Dictionary<string, (OptimizerSpec Spec, double Rate, int Operations)> All = new()
    {
        ["sgd"] = (new SgdSpec(0.9, 5e-4), 0.05, 50),
        ["nesterov"] = (new SgdSpec(0.9, 5e-4, Nesterov: true), 0.05, 56),
        ["lars"] = (new LarsSpec(WeightDecay: 1e-4), 0.5, 81),
        ["adam"] = (new AdamSpec(WeightDecay: 1e-4), 1e-3, 170),
        ["adamw"] = (new AdamSpec(WeightDecay: 1e-2, Decoupled: true), 1e-3, 180),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    private static Encoder Network(double width)
    {
        using var weights = new Generator(1, CPU);
        var network = new ResNetSpec(18, width, ZeroInitResidual: false).Create(3, weights);
        MemoryLayout.ToChannelsLast(network);
        return network;
    }

    /// <summary>A network's parameters in an optimizer, and copies of them in its reference.</summary>
    private sealed class Pair : IDisposable
    {
        private readonly Encoder network = Network(0.125);
        private readonly List<Parameter> parameters;
        private readonly List<Tensor> expected;
        private readonly IOptimizer optimizer;
        private readonly ReferenceOptimizer reference;

        internal Pair(OptimizerSpec spec)
        {
            parameters = [.. network.parameters()];
            expected = [.. parameters.Select(parameter => parameter.detach().clone())];
            optimizer = spec.Create(ParameterGroups.Of(network));
            reference = new ReferenceOptimizer(spec, [.. expected.Select(weight => (weight, weight.dim() <= 1))]);
        }

        internal void Step(double rate, IReadOnlyList<Tensor> gradients)
        {
            using var noGrad = no_grad();
            foreach (var (parameter, gradient) in parameters.Zip(gradients))
                parameter.SetGradient(gradient);
            optimizer.LearningRate = rate;
            optimizer.Step();
            reference.Step(rate, gradients);
        }

        /// <summary>The largest over all parameters, relative to the parameter's norm.</summary>
        internal double Deviation() =>
            parameters.Zip(expected, (ours, theirs) => ((ours - theirs).norm() / theirs.norm()).ToDouble()).Max();

        public void Dispose()
        {
            optimizer.Dispose();
            network.Dispose();
        }
    }

    /// <summary>The gradients of a step of a network in training, or random ones.</summary>
    private static List<Tensor> Gradients(Encoder network, bool random, Generator generator)
    {
        if (random)
            return [.. network.parameters().Select(parameter => randn(parameter.shape, generator: generator))];
        network.zero_grad();
        var target = randn(4, network.FeatureSize, generator: generator);
        (network.forward(randn(4, 3, 8, 8, generator: generator)) - target).square().mean().backward();
        using var noGrad = no_grad();
        foreach (var parameter in network.parameters())
            parameter.sub_(parameter.grad! * 0.05);
        return [.. network.parameters().Select(parameter => parameter.grad!)];
    }

    /// <summary>Bit for bit; but the norms of LARS are summed in another order.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_hundred_steps_give_the_weights_of_the_reference(bool random)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2, CPU);
        using var network = Network(0.125);
        var pairs = All.ToDictionary(one => one.Key, one => new Pair(one.Value.Spec));
        for (var step = 0; step < Steps; step++)
        {
            using var stepScope = NewDisposeScope();
            var gradients = Gradients(network, random, generator);
            foreach (var (name, pair) in pairs)
                pair.Step(All[name].Rate * (1 - step / (2.0 * Steps)), gradients);
        }
        foreach (var (name, pair) in pairs)
        {
            Assert.InRange(pair.Deviation(), 0, All[name].Spec is LarsSpec ? 1e-6 : 0);
            pair.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_step_of_a_ResNet_18_asks_for_few_operations(string name)
    {
        var (spec, _, operations) = All[name];
        using var network = Network(1);
        using var optimizer = spec.Create(ParameterGroups.Of(network));
        Assert.InRange(OperationRecorder.Of(optimizer.Step).Count, 1, operations);
    }
}
