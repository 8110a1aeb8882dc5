using SimCLR.Core.Differentiation;
using SimCLR.Core.Losses;
using TorchSharp;

namespace SimCLR.Core.Tests.Differentiation;

public class DerivativesTests
{
    [Fact]
    public void A_derivative_leaves_no_tensor_behind()
    {
        static Value Function(Value x) => Value.Sum(Value.Exp(x) * x);
        double[] point = [0.5, -1.0];
        Derivatives.Gradient(Function, point);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Derivatives.Evaluate(Function, point);
        Derivatives.Gradient(Function, point);
        Derivatives.HessianVector(Function, point, point);
        Derivatives.JacobianVector(x => Value.Sin(x), point, point);
        Derivatives.Gradient(
            x => Value.Loss(new NtXent(0.5), Derivatives.Part(x, 0, [2, 3]), Derivatives.Part(x, 6, [2, 3])),
            [1, 2, 3, 4, 5, 7, 8, 9, 1, 0, -1, -2]
        );

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Second_derivatives_are_those_derived_by_hand()
    {
        // x² y + e^y: the Hessian is [2y, 2x; 2x, e^y].
        static Value Function(Value p) => p[0] * p[0] * p[1] + Value.Exp(p[1]);
        var product = Derivatives.HessianVector(Function, [3, 0.5], [1, -2]);
        Assert.Equal(2 * 0.5 - 2 * 2 * 3.0, product[0], 1e-12);
        Assert.Equal(2 * 3.0 - 2 * Math.Exp(0.5), product[1], 1e-12);
    }

    [Fact]
    public void A_function_that_does_not_depend_on_its_input_has_no_slope()
    {
        var (value, gradient) = Derivatives.Gradient(_ => Value.Constant(2), [1, 2]);
        Assert.Equal(2, value);
        Assert.Equal([0.0, 0.0], gradient);
    }

    [Fact]
    public void The_derivative_along_a_direction_is_that_derived_by_hand()
    {
        // (x y, x², y): the Jacobian is [y, x; 2x, 0; 0, 1].
        static Value Function(Value p) => Value.Stack([p[0] * p[1], p[0] * p[0], p[1]]);
        Assert.Equal([3, 4, 1.5], Derivatives.Evaluate(Function, [2, 1.5]));
        var along = Derivatives.JacobianVector(Function, [2, 1.5], [1, -3]);
        Assert.Equal([1.5 - 3 * 2, 4, -3], along.Select(value => Math.Round(value, 12)));
    }

    [Fact]
    public void A_direction_of_another_length_and_a_function_of_many_numbers_are_refused()
    {
        static Value Same(Value x) => x;
        Assert.Contains(
            "The direction has 1 numbers, but the point has 2",
            Assert.Throws<ArgumentException>(() => Derivatives.JacobianVector(Same, [1, 2], [1])).Message
        );
        Assert.Contains(
            "only a single number has a gradient",
            Assert.Throws<ArgumentException>(() => Derivatives.Gradient(Same, [1, 2])).Message
        );
        Assert.Throws<ArgumentException>(() => Derivatives.HessianVector(Value.Sum, [1, 2], [1]));
    }
}
