using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class LbfgsTests
{
    private static double[] Numbers(Tensor values) => [.. values.data<double>()];

    private static (double, Tensor) Rosenbrock(Tensor at)
    {
        var (x, y) = (at[0].ToDouble(), at[1].ToDouble());
        var slope = new[] { -2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x) };
        return ((1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x), tensor(slope));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1e2)]
    [InlineData(1e5)]
    public void A_quadratic_is_least_where_its_linear_equations_are_solved(double condition)
    {
        // A = M D M, with M the reflection I - 2 u u' (its own inverse) and D from 1 to the condition number: x = M D⁻¹ M b.
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(0).At("test", 0, CPU);
        var u = nn.functional.normalize(randn(8, 1, ScalarType.Float64, generator: generator), dim: 0);
        var m = eye(8, dtype: ScalarType.Float64) - 2 * u.mm(u.t());
        var d = logspace(0, Math.Log10(condition), 8, dtype: ScalarType.Float64);
        var (a, b) = (m.mm(diag(d)).mm(m), randn(8, ScalarType.Float64, generator: generator));
        var expected = m.mv(m.mv(b) / d);
        var found = Lbfgs.Minimize(
            zeros(8, ScalarType.Float64),
            x => ((x.dot(a.mv(x)) / 2 - x.dot(b)).ToDouble(), a.mv(x) - b),
            500,
            1e-8
        );
        Assert.InRange((found - expected).abs().max().ToDouble(), 0, 1e-7);
    }

    [Fact]
    public void The_valley_of_Rosenbrock_is_walked_to_its_end()
    {
        using var scope = NewDisposeScope();
        var found = Numbers(Lbfgs.Minimize(tensor(new[] { -1.2, 1.0 }), Rosenbrock, 200, 1e-8));
        Assert.Equal(1, found[0], 1e-7);
        Assert.Equal(1, found[1], 1e-7);
    }

    [Fact]
    public void It_ends_at_the_tolerance_and_at_the_number_of_iterations()
    {
        using var scope = NewDisposeScope();
        var calls = 0;
        (double, Tensor) Bowl(Tensor x)
        {
            calls++;
            return (x.square().sum().ToDouble() / 2, x.clone());
        }
        var still = Lbfgs.Minimize(tensor(new[] { 0.5, -0.5 }), Bowl, 100, tolerance: 0.5);
        Assert.Equal([0.5, -0.5], Numbers(still));
        Assert.Equal(1, calls);

        calls = 0;
        // The first step goes one unit downhill at most.
        var one = Lbfgs.Minimize(tensor(new[] { 10.0 }), Bowl, 1, tolerance: 1e-9);
        Assert.Equal([9.0], Numbers(one));
        Assert.Equal(2, calls);
    }

    [Fact]
    public void The_start_is_unchanged_and_no_tensor_is_left_but_the_result()
    {
        using var start = tensor(new[] { -1.2, 1.0 });
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Lbfgs.Minimize(start, Rosenbrock, 50, 1e-8).Dispose();
        Assert.Equal([-1.2, 1.0], Numbers(start));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_function_without_descent_is_given_up_where_it_is()
    {
        // The gradient points the wrong way: no step lowers the value.
        using var scope = NewDisposeScope();
        var found = Lbfgs.Minimize(ones(2, ScalarType.Float64), x => (x.sum().ToDouble(), -ones_like(x)), 10, 1e-9);
        Assert.Equal([1.0, 1.0], Numbers(found));
    }
}
