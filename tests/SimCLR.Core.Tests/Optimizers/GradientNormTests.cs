using SimCLR.Core.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

public class GradientNormTests
{
    /// <summary>The norm over parameters of those shapes with those gradients; null: never reached by backward.</summary>
    private static double Norm(params (double[]? Gradient, long[] Shape)[] all)
    {
        using var scope = NewDisposeScope();
        var parameters = all.Select(one => new Parameter(zeros(one.Shape, ScalarType.Float64))).ToList();
        using var optimizer = new SgdSpec().Create(Groups.Of(parameters.Select((one, i) => ($"{i}", one))));
        foreach (var (parameter, (gradient, _)) in parameters.Zip(all))
            if (gradient is not null)
                parameter.SetGradient(tensor(gradient));
        return optimizer.GradientNorm().ToDouble();
    }

    [Fact]
    public void It_is_over_all_parameters_whatever_their_shapes_and_groups() =>
        // 2² + 3² + 6² = 7²
        Assert.Equal(7, Norm(([2, -3], [1, 2]), ([6], [1])), 1e-12);

    [Fact]
    public void A_parameter_without_a_gradient_counts_for_nothing() =>
        Assert.Equal(5, Norm((null, [3]), ([3, 4], [2])), 1e-12);

    [Fact]
    public void A_step_leaves_it_as_it_was()
    {
        using var scope = NewDisposeScope();
        var w = new Parameter(tensor(new double[] { 1, 2 }).view(1, 2));
        using var optimizer = new LarsSpec(WeightDecay: 1).Create(Groups.Of(("w", w)));
        w.SetGradient(tensor(new double[] { 3, 4 }));
        optimizer.LearningRate = 0.1;
        optimizer.Step();
        Assert.Equal(5, optimizer.GradientNorm().ToDouble(), 1e-12);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void One_number_that_is_not_finite_shows(double value) =>
        Assert.False(double.IsFinite(Norm(([1, 1], [2]), ([0, value], [2]))));

    [Fact]
    public void In_float32_millions_of_numbers_are_summed_to_the_last_digits()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var w = new Parameter(zeros(2048, 2048));
        using var optimizer = new SgdSpec().Create(Groups.Of(("w", w)));
        w.SetGradient(rand(2048, 2048, generator: generator));
        var exact = w.grad!.to(ScalarType.Float64).square().sum().sqrt().ToDouble();
        Assert.Equal(exact, optimizer.GradientNorm().ToDouble(), 1e-6 * exact);
    }
}
