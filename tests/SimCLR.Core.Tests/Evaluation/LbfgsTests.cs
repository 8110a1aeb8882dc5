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
        using var generator = new RandomStreams(0).At("test", 0);
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
        // Of the last, rounding may hide the descent just above the tolerance.
        Assert.True(found.Converged || condition >= 1e5);
        Assert.Equal(found.GradientNorm <= 1e-8, found.Converged);
        Assert.InRange(found.GradientNorm, 0, condition < 1e5 ? 1e-8 : 1e-4);
        Assert.InRange((found.At - expected).abs().max().ToDouble(), 0, 1e-7);
    }

    [Fact]
    public void The_valley_of_Rosenbrock_is_walked_to_its_end()
    {
        using var scope = NewDisposeScope();
        var found = Numbers(Lbfgs.Minimize(tensor(new[] { -1.2, 1.0 }), Rosenbrock, 200, 1e-8).At);
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
        Assert.Equal([0.5, -0.5], Numbers(still.At));
        Assert.Equal((true, 0.5, 0), (still.Converged, still.GradientNorm, still.Iterations));
        Assert.Equal(1, calls);

        calls = 0;
        // The first step goes one unit downhill at most.
        var one = Lbfgs.Minimize(tensor(new[] { 10.0 }), Bowl, 1, tolerance: 1e-9);
        Assert.Equal([9.0], Numbers(one.At));
        Assert.Equal((false, 9.0, 1), (one.Converged, one.GradientNorm, one.Iterations));
        Assert.Equal(2, calls);
    }

    [Fact]
    public void The_start_is_unchanged_and_no_tensor_is_left_but_the_result()
    {
        using var start = tensor(new[] { -1.2, 1.0 });
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Lbfgs.Minimize(start, Rosenbrock, 50, 1e-8).At.Dispose();
        Assert.Equal([-1.2, 1.0], Numbers(start));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_function_without_descent_is_given_up_where_it_is()
    {
        // The gradient points the wrong way: no step lowers the value.
        using var scope = NewDisposeScope();
        var found = Lbfgs.Minimize(ones(2, ScalarType.Float64), x => (x.sum().ToDouble(), -ones_like(x)), 10, 1e-9);
        Assert.Equal([1.0, 1.0], Numbers(found.At));
        Assert.Equal((false, 1.0, 0), (found.Converged, found.GradientNorm, found.Iterations));
    }

    [Fact]
    public void A_function_of_no_number_has_not_converged()
    {
        using var scope = NewDisposeScope();
        var found = Lbfgs.Minimize(ones(2, ScalarType.Float64), x => (double.NaN, full_like(x, double.NaN)), 10, 1e-9);
        Assert.False(found.Converged);
        Assert.Equal(0, found.Iterations);
    }

    [Fact]
    public void As_many_tensors_are_alive_in_the_last_iteration_as_once_the_history_is_full()
    {
        // x^4 is walked in many iterations, and every one remembers a step.
        using var scope = NewDisposeScope();
        var alive = new List<long>();
        (double, Tensor) Quartic(Tensor x)
        {
            alive.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            using var squares = x.square();
            using var fourth = squares.square();
            using var sum = fourth.sum();
            using var cubes = squares * x;
            return (sum.ToDouble(), cubes * 4);
        }
        using var generator = new RandomStreams(0).At("test", 0);
        var start = randn(50, ScalarType.Float64, generator: generator) * logspace(0, 3, 50, dtype: ScalarType.Float64);
        var found = Lbfgs.Minimize(start, Quartic, 200, 0);
        Assert.True(found.Iterations > 40, $"{found.Iterations} iterations");
        Assert.InRange(alive.Max() - alive[0], 0, 26);
        Assert.InRange(alive[25..].Max() - alive[25..].Min(), 0, 4);
    }

    [Fact]
    public void Cancelled_it_evaluates_no_more()
    {
        using var scope = NewDisposeScope();
        using var source = new CancellationTokenSource();
        var calls = 0;
        (double, Tensor) Cancelling(Tensor x)
        {
            if (++calls == 7)
                source.Cancel();
            return Rosenbrock(x);
        }
        Assert.Throws<OperationCanceledException>(() =>
            Lbfgs.Minimize(tensor(new[] { -1.2, 1.0 }), Cancelling, 200, 1e-8, source.Token)
        );
        Assert.Equal(7, calls);
    }
}
