using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Tests.Encoders;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Tests.Optimizers;

public class ParameterGroupTests
{
    private static readonly Dictionary<string, OptimizerSpec> Optimizers = new()
    {
        ["sgd"] = new SgdSpec(WeightDecay: 0.1),
        ["nesterov"] = new SgdSpec(WeightDecay: 0.1, Nesterov: true),
        ["lars"] = new LarsSpec(WeightDecay: 0.1),
        ["adam"] = new AdamSpec(WeightDecay: 0.1),
        ["adamw"] = new AdamSpec(WeightDecay: 0.1, Decoupled: true),
    };

    public static TheoryData<string> Names => [.. Optimizers.Keys];

    private static Parameter Weight(params double[] values) => new(tensor(values).view(1, -1));

    private static ParameterGroup Group(string name, Parameter parameter) => new(name, [(name, parameter)]);

    /// <summary>Steps with gradients that are the same in every number; the first number of the parameter after each.</summary>
    private static List<double> Steps(OptimizerSpec spec, ParameterGroup group, double rate, params double[] gradients)
    {
        var parameter = group.Parameters[0].Parameter;
        using var optimizer = spec.Create([group]);
        optimizer.LearningRate = rate;
        return
        [
            .. gradients.Select(gradient =>
            {
                parameter.grad!.fill_(gradient);
                optimizer.Step();
                return parameter.data<double>()[0];
            }),
        ];
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_group_with_a_rate_of_its_own_keeps_it_whatever_the_optimizers(string name)
    {
        var constant = Group("w", Weight(2, 2)) with { FixedRate = 0.05 };
        Assert.Equal(
            Steps(Optimizers[name], Group("w", Weight(2, 2)), 0.05, 1, 2, 3),
            Steps(Optimizers[name], constant, 0.4, 1, 2, 3)
        );
    }

    [Fact]
    public void A_gradient_that_is_too_firstis_shortened_for_each_parameter_by_itself()
    {
        using var scope = NewDisposeScope();
        var (first, second) = (Weight(0, 0), Weight(0, 0));
        var group = new ParameterGroup("all", [("long", first), ("short", second)]) { LargestGradient = 3 };
        using var optimizer = new SgdSpec(Momentum: 0).Create([group]);
        optimizer.LearningRate = 1;
        first.grad!.copy_(tensor(new[] { 6.0, 8.0 }).view(1, -1));
        second.grad!.copy_(tensor(new[] { 1.0, 2.0 }).view(1, -1));
        optimizer.Step();
        Assert.Equal([-1.8, -2.4], first.data<double>().ToArray().Select(x => Math.Round(x, 5)));
        Assert.Equal([-1.0, -2.0], second.data<double>().ToArray().Select(x => Math.Round(x, 5)));
    }

    private static Dictionary<string, bool> Decays(nn.Module module) =>
        ParameterGroups
            .Of(module)
            .SelectMany(group => group.Parameters.Select(entry => (entry.Name, group.Decays && group.Adapts)))
            .ToDictionary(entry => entry.Name, entry => entry.Item2);

    private static Dictionary<string, bool> ByDimension(nn.Module module) =>
        module
            .named_parameters()
            .Where(named => named.parameter.requires_grad)
            .ToDictionary(named => named.name, named => named.parameter.dim() > 1);

    [Theory]
    [MemberData(nameof(EveryEncoderTests.Names), MemberType = typeof(EveryEncoderTests))]
    public void Of_every_encoder_matrices_and_kernels_decay_and_adapt_but_tokens_and_positions_do_not(string name)
    {
        using var encoder = EveryEncoderTests.Create(name, 3);
        var expected = ByDimension(encoder);
        if (encoder is VisionTransformer)
            expected["cls_token"] = expected["pos_embed"] = false;
        Assert.Equal(expected, Decays(encoder));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    [InlineData(2, false)]
    public void Of_a_head_linear_layers_decay_and_adapt_and_nothing_else(int depth, bool batchNorm)
    {
        using var weights = new Generator(0, CPU);
        using var head = new HeadSpec(depth, BatchNorm: batchNorm).Create(16, weights);
        Assert.Equal(ByDimension(head), Decays(head));
    }

    [Fact]
    public void A_head_without_layers_has_no_groups()
    {
        using var weights = new Generator(0, CPU);
        using var head = new HeadSpec(0).Create(16, weights);
        Assert.Empty(ParameterGroups.Of(head));
    }

    [Theory]
    [MemberData(nameof(EveryEncoderTests.Names), MemberType = typeof(EveryEncoderTests))]
    public void Names_and_order_are_those_of_the_module(string name)
    {
        using var encoder = EveryEncoderTests.Create(name, 3);
        var names = encoder.named_parameters().Select(named => $"encoder.{named.name}").ToList();
        var groups = ParameterGroups.Of(encoder, "encoder");
        Assert.Equal(["encoder.weights", "encoder.others"], groups.Select(group => group.Name));
        Assert.All(
            groups,
            group =>
                Assert.Equal(
                    names.Intersect(group.Parameters.Select(entry => entry.Name)),
                    group.Parameters.Select(entry => entry.Name)
                )
        );
        Assert.Equal(names.Count, groups.Sum(group => group.Parameters.Count));
    }

    [Fact]
    public void A_parameter_without_gradient_belongs_to_no_group()
    {
        using var layer = Linear(3, 2);
        layer.weight.requires_grad = false;
        Assert.Equal(["bias"], Decays(layer).Keys);
    }

    /// <summary>A vector that is a weight, and a matrix that shifts what it normalizes.</summary>
    private sealed class Unusual : nn.Module<Tensor, Tensor>, IParameterRoles
    {
        private readonly Parameter scale = new(ones(3));
        private readonly Parameter shift = new(zeros(3, 3));

        internal Unusual()
            : base("Unusual")
        {
            register_parameter("scale", scale);
            register_parameter("shift", shift);
        }

        public ParameterRole RoleOf(string parameter) =>
            parameter == "scale" ? ParameterRole.Weight : ParameterRole.Normalization;

        public override Tensor forward(Tensor input) => input * scale + shift;
    }

    [Fact]
    public void What_a_module_says_counts_and_dimensions_do_not()
    {
        using var module = Sequential(("0", new Unusual()), ("1", LayerNorm([4, 4])));
        Assert.Equal(
            new()
            {
                ["0.scale"] = true,
                ["0.shift"] = false,
                ["1.weight"] = false,
                ["1.bias"] = false,
            },
            Decays(module)
        );
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_rate_factor_is_a_rate_so_many_times_as_high(string name)
    {
        using var factor = Weight(2, 2);
        using var rate = Weight(2, 2);
        Assert.Equal(
            Steps(Optimizers[name], Group("w", rate), 0.5 * 0.25, 1, -2, 3),
            Steps(Optimizers[name], Group("w", factor) with { RateFactor = 0.25 }, 0.5, 1, -2, 3)
        );
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_frozen_group_begins_at_its_step_as_if_it_were_the_first(string name)
    {
        using var frozen = Weight(2, 2);
        using var free = Weight(2, 2);
        var seen = Steps(Optimizers[name], Group("w", frozen) with { FrozenUntil = 2 }, 0.1, 5, 7, 1, -2);
        Assert.Equal([2, 2], seen[..2]);
        Assert.Equal(Steps(Optimizers[name], Group("w", free), 0.1, 1, -2), seen[2..]);
        Assert.NotEqual(2, seen[2]);
    }

    [Fact]
    public void The_step_of_a_group_that_was_frozen_is_part_of_the_state()
    {
        using var w = Weight(2, 2);
        using var optimizer = new SgdSpec().Create([Group("w", w) with { FrozenUntil = 1 }]);
        Assert.Equal(["w.velocity", "steps"], optimizer.State.Keys);
        optimizer.Step();
        Assert.Equal(1, optimizer.State["steps"].ToInt64());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_group_that_does_not_decay_is_that_of_an_optimizer_without_decay(string name)
    {
        OptimizerSpec without = Optimizers[name] switch
        {
            SgdSpec sgd => sgd with { WeightDecay = 0 },
            LarsSpec lars => lars with { WeightDecay = 0 },
            AdamSpec adam => adam with { WeightDecay = 0 },
            _ => throw new ArgumentException(name),
        };
        // Not in the direction of the gradient, of which LARS does not see the length.
        using var kept = Weight(2, 5);
        using var plain = Weight(2, 5);
        using var decayed = Weight(2, 5);
        var expected = Steps(without, Group("w", plain), 0.1, 1, -2);
        Assert.Equal(expected, Steps(Optimizers[name], Group("w", kept) with { Decays = false }, 0.1, 1, -2));
        Assert.NotEqual(expected, Steps(Optimizers[name], Group("w", decayed), 0.1, 1, -2));
    }

    [Fact]
    public void A_group_that_decays_and_does_not_adapt_is_SGDs_under_LARS()
    {
        using var w = Weight(3, 3);
        // u = 1 + 0.1 * 3; w - 0.5 u
        Assert.Equal(
            3 - 0.5 * 1.3,
            Steps(new LarsSpec(WeightDecay: 0.1), Group("w", w) with { Adapts = false }, 0.5, 1)[0],
            1e-14
        );
    }

    [Fact]
    public void A_group_that_adapts_and_does_not_decay_has_the_trust_ratio_of_the_bare_gradient()
    {
        using var w = Weight(3, 4);
        // |w| = 5, |g| = 2 sqrt(2): w - 2 * 0.1 * 5 / (2 sqrt(2)) * 2
        Assert.Equal(
            3 - 2 / (2 * Math.Sqrt(2)),
            Steps(new LarsSpec(WeightDecay: 9, TrustCoefficient: 0.1), Group("w", w) with { Decays = false }, 2, 2)[0],
            1e-14
        );
    }

    [Fact]
    public void Groups_of_one_optimizer_keep_apart()
    {
        using var fast = Weight(1, 1);
        using var slow = Weight(1, 1);
        using var optimizer = new SgdSpec(Momentum: 0).Create([
            Group("fast", fast),
            Group("slow", slow) with
            {
                RateFactor = 0.1,
            },
        ]);
        optimizer.LearningRate = 0.5;
        fast.grad!.fill_(1);
        slow.grad!.fill_(1);
        optimizer.Step();
        Assert.Equal(0.5, fast.data<double>()[0], 1e-14);
        Assert.Equal(0.95, slow.data<double>()[0], 1e-14);
    }

    [Fact]
    public void Wrong_groups_are_refused_by_name()
    {
        using var w = Weight(1, 1);
        using var single = new Parameter(zeros(2));
        using var whole = new Parameter(zeros(2, float16));
        using var constant = new Parameter(zeros(2), requires_grad: false);

        void Refused(string message, params ParameterGroup[] groups) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(() => new SgdSpec().Create(groups)).Message);

        Refused("no group");
        Refused("group empty has no parameters", new ParameterGroup("empty", []));
        Refused("parameter w stands in the groups twice", Group("w", w), Group("w", single));
        Refused("parameter w stands in the groups twice", Group("w", w), Group("v", w));
        Refused("c requires no gradient", Group("c", constant));
        Refused("h is Float16; use Float32 or Float64", Group("h", whole));
        Refused("s is Float32 on cpu, but w is Float64", new ParameterGroup("mixed", [("w", w), ("s", single)]));
    }
}
