using SimCLR.Core.Encoders;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Tests.Optimizers;

public class FlatParametersTests
{
    private static Encoder Network()
    {
        using var weights = new Generator(1, CPU);
        var network = new ResNetSpec(18, 0.125).Create(3, weights);
        MemoryLayout.ToChannelsLast(network);
        return network;
    }

    private static void Backward(nn.Module<Tensor, Tensor> network, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed, CPU);
        network.forward(randn(4, 3, 8, 8, generator: generator)).square().mean().backward();
    }

    private static void Same(Tensor expected, Tensor actual) => Assert.True(expected.eq(actual).all().ToBoolean());

    /// <summary>A step must fail, naming that.</summary>
    private static void Fails(IOptimizer optimizer, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidOperationException>(optimizer.Step).Message);

    [Fact]
    public void Values_shapes_and_strides_stay_and_the_memory_is_one()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        var before = network
            .parameters()
            .Select(one => (Value: one.detach().clone(), one.shape, Strides: one.stride()))
            .ToList();
        foreach (var group in ParameterGroups.Of(network))
        {
            var flat = new FlatParameters(group);
            flat.Weights.add_(1);
            flat.Gradients.fill_(3);
        }
        foreach (var (parameter, (value, shape, strides)) in network.parameters().Zip(before))
        {
            Assert.Equal(shape, parameter.shape);
            Assert.Equal(strides, parameter.stride());
            Assert.Equal(strides, parameter.grad!.stride());
            Same(value + 1, parameter);
            Assert.True(parameter.grad.eq(3).all().ToBoolean());
        }
        Assert.Contains(before, one => one.shape.Length == 4 && one.Strides[1] == 1 && one.shape[2] > 1);
    }

    [Fact]
    public void A_tensor_that_is_not_dense_gets_memory_of_its_own()
    {
        using var scope = NewDisposeScope();
        var values = arange(24, ScalarType.Float32).view(4, 6);
        var part = new Parameter(values.narrow(1, 0, 3));
        var flat = new FlatParameters(new ParameterGroup("group", [("part", part)]));
        flat.Weights.neg_();
        Same(-values.narrow(1, 0, 3), part);
    }

    [Fact]
    public void Every_parameter_begins_at_a_multiple_of_64_bytes_and_the_filling_stays_0()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        var group = ParameterGroups.Of(network)[0];
        using var optimizer = new AdamSpec(WeightDecay: 0.1).Create([group]);
        optimizer.LearningRate = 0.1;
        for (var step = 0; step < 3; step++)
        {
            optimizer.ZeroGrad();
            Backward(network, 1);
            optimizer.Step();
        }
        Assert.All(group.Parameters, entry => Assert.Equal(0, entry.Parameter.storage_offset() * sizeof(float) % 64));
        // All memory from the first parameter on, its last blocks among it, without what the parameters take.
        var first = group.Parameters[0].Parameter;
        var (last, count) = (group.Parameters[^1].Parameter, group.Parameters.Sum(entry => entry.Parameter.numel()));
        var length = last.storage_offset() + last.numel();
        var all = first.detach().as_strided([length], [1]).to(ScalarType.Float64).abs().sum();
        Assert.True(length > count);
        Assert.Equal(
            group.Parameters.Sum(entry => entry.Parameter.detach().to(ScalarType.Float64).abs().sum().ToDouble()),
            all.ToDouble(),
            1e-9
        );
    }

    [Fact]
    public void Backward_adds_to_the_flat_gradients_what_it_would_give_a_parameter_of_its_own()
    {
        using var scope = NewDisposeScope();
        using var own = Network();
        using var flat = Network();
        using var optimizer = new SgdSpec().Create(ParameterGroups.Of(flat));
        foreach (var seed in (ulong[])[1, 2])
        {
            Backward(own, seed);
            Backward(flat, seed);
        }
        foreach (var (expected, actual) in own.parameters().Zip(flat.parameters()))
            Same(expected.grad!, actual.grad!);
        optimizer.ZeroGrad();
        Assert.All(flat.parameters(), parameter => Assert.Equal(0, parameter.grad!.abs().max().ToDouble()));
    }

    [Fact]
    public void Weights_that_are_loaded_are_those_that_are_trained()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        using var other = Network();
        using (no_grad())
            foreach (var parameter in other.parameters())
                parameter.fill_(0.5);
        using var optimizer = new SgdSpec(Momentum: 0).Create(ParameterGroups.Of(network));
        network.load_state_dict(other.state_dict());
        foreach (var parameter in network.parameters())
            parameter.grad!.fill_(1);
        optimizer.LearningRate = 0.25;
        optimizer.Step();
        Assert.All(network.parameters(), parameter => Assert.True(parameter.eq(0.25).all().ToBoolean()));
    }

    [Fact]
    public void States_are_views_with_the_shape_and_the_strides_of_their_parameter()
    {
        using var network = Network();
        using var optimizer = new AdamSpec().Create(ParameterGroups.Of(network, "encoder"));
        foreach (var (name, parameter) in network.named_parameters())
        foreach (var state in (string[])["mean", "square"])
        {
            Assert.Equal(parameter.shape, optimizer.State[$"encoder.{name}.{state}"].shape);
            Assert.Equal(parameter.stride(), optimizer.State[$"encoder.{name}.{state}"].stride());
        }
        Assert.Equal(2 * network.parameters().Count() + 1, optimizer.State.Count);
    }

    [Fact]
    public void A_module_that_is_moved_afterwards_is_told_of()
    {
        using var network = Network();
        using var optimizer = new SgdSpec().Create(ParameterGroups.Of(network));
        network.to(ScalarType.Float64);
        Fails(optimizer, "has been moved");
    }

    [Fact]
    public void A_memory_layout_that_is_changed_afterwards_is_told_of()
    {
        using var weights = new Generator(1, CPU);
        using var network = new ResNetSpec(18, 0.125).Create(3, weights);
        using var optimizer = new SgdSpec().Create(ParameterGroups.Of(network));
        MemoryLayout.ToChannelsLast(network);
        Fails(optimizer, "has been moved");
    }

    [Fact]
    public void A_gradient_that_is_assigned_or_cleared_by_the_module_is_told_of()
    {
        using var layer = Linear(3, 2);
        using (var optimizer = new SgdSpec().Create(ParameterGroups.Of(layer)))
        {
            layer.weight.grad = ones(2, 3);
            Fails(optimizer, "weight is no longer that of its optimizer");
        }
        using (var optimizer = new SgdSpec().Create(ParameterGroups.Of(layer)))
        {
            layer.zero_grad();
            layer.forward(ones(1, 3)).sum().backward();
            Fails(optimizer, "is no longer that of its optimizer");
        }
    }

    [Fact]
    public void A_second_optimizer_of_the_same_parameters_takes_them_from_the_first()
    {
        using var layer = Linear(3, 2);
        using var first = new SgdSpec().Create(ParameterGroups.Of(layer));
        using var second = new SgdSpec().Create(ParameterGroups.Of(layer));
        Fails(first, "one optimizer at a time");
        second.Step();
    }

    [Fact]
    public void Parameters_outlive_their_optimizer_without_gradients()
    {
        using var layer = Linear(3, 2);
        using var before = layer.weight.detach().clone();
        new SgdSpec().Create(ParameterGroups.Of(layer)).Dispose();
        Same(before, layer.weight);
        Assert.All(layer.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void An_optimizer_outlives_its_module()
    {
        var layer = Linear(3, 2);
        var optimizer = new SgdSpec().Create(ParameterGroups.Of(layer));
        layer.Dispose();
        optimizer.Dispose();
    }
}
