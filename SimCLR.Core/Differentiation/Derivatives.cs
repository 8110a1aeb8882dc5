using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Differentiation;

/// <summary>Derivatives of functions of a vector, by libtorch's automatic differentiation in float64. Tensors end with each call.</summary>
public static class Derivatives
{
    /// <summary>The function's values at a point.</summary>
    /// <param name="function">Of a vector [n]; what it returns may have any shape.</param>
    /// <param name="point">[n].</param>
    /// <returns>The numbers, those of a matrix row by row.</returns>
    public static double[] Evaluate(Func<Value, Value> function, double[] point) =>
        Within(() =>
        {
            using var _ = no_grad();
            return Numbers(function(new Value(tensor(point, float64))).Tensor);
        });

    /// <summary>A function's value and its gradient.</summary>
    /// <param name="function">Of a vector [n], to a number.</param>
    /// <param name="point">[n].</param>
    /// <exception cref="ArgumentException">The function returns no single number.</exception>
    public static (double Value, double[] Gradient) Gradient(Func<Value, Value> function, double[] point) =>
        Within(() =>
        {
            var x = Leaf(point);
            var y = Scalar(function(new Value(x)));
            return (y.item<double>(), Numbers(Slope(y, x, createGraph: false)));
        });

    /// <summary>The product of a function's Hessian matrix with a vector, without the matrix (Pearlmutter 1994).</summary>
    /// <param name="function">Of a vector [n], to a number; twice differentiable.</param>
    /// <param name="point">[n].</param>
    /// <param name="direction">[n].</param>
    /// <returns>[n].</returns>
    /// <exception cref="ArgumentException">The function returns no single number, or the direction has another length than the point.</exception>
    public static double[] HessianVector(Func<Value, Value> function, double[] point, double[] direction) =>
        Within(() =>
        {
            RequireSameLength(point, direction);
            var x = Leaf(point);
            var slope = Slope(Scalar(function(new Value(x))), x, createGraph: true);
            return Numbers(Slope(slope.dot(tensor(direction, float64)), x, createGraph: false));
        });

    /// <summary>The product of a function's Jacobian matrix with a vector: the derivative along it.</summary>
    /// <param name="function">Of a vector [n]; what it returns may have any shape.</param>
    /// <param name="point">[n].</param>
    /// <param name="direction">[n].</param>
    /// <returns>As many numbers as the function returns.</returns>
    /// <exception cref="ArgumentException">The direction has another length than the point.</exception>
    public static double[] JacobianVector(Func<Value, Value> function, double[] point, double[] direction) =>
        Within(() =>
        {
            RequireSameLength(point, direction);
            var x = Leaf(point);
            var y = function(new Value(x)).Tensor.reshape(-1);
            // The gradient of <u, y> is linear in u: its derivative along u is the Jacobian, its product with the direction what is asked for.
            var u = zeros_like(y).requires_grad_();
            var slope = Slope(y.dot(u), x, createGraph: true);
            return Numbers(Slope(slope.dot(tensor(direction, float64)), u, createGraph: false));
        });

    /// <summary>Consecutive elements of a vector, in another shape.</summary>
    /// <param name="vector">[n].</param>
    /// <param name="start">The first of them.</param>
    /// <param name="shape">[k] or [k, d].</param>
    public static Value Part(Value vector, int start, int[] shape) =>
        new(
            vector
                .Tensor.narrow(0, start, shape.Aggregate(1, (a, b) => a * b))
                .reshape([.. shape.Select(size => (long)size)])
        );

    private static T Within<T>(Func<T> compute)
    {
        LibTorch.Load();
        using var pause = new CollectionPause();
        using var scope = NewDisposeScope();
        return compute();
    }

    private static Tensor Leaf(double[] point) => tensor(point, float64).requires_grad_();

    /// <summary>The gradient; zeros where y does not depend on x.</summary>
    private static Tensor Slope(Tensor y, Tensor x, bool createGraph) =>
        y.requires_grad
            ? autograd.grad([y], [x], retain_graph: true, create_graph: createGraph, allow_unused: true)[0]
                is { IsInvalid: false } slope
                ? slope
                : zeros_like(x)
            : zeros_like(x);

    private static Tensor Scalar(Value value) =>
        value.Tensor.numel() == 1
            ? value.Tensor.reshape([])
            : throw new ArgumentException(
                $"The function returns a value of shape [{string.Join(", ", value.Shape)}], but only a single number has a gradient. "
                    + "Sum it, or ask for the Jacobian's product with a vector."
            );

    private static void RequireSameLength(double[] point, double[] direction)
    {
        if (point.Length != direction.Length)
            throw new ArgumentException(
                $"The direction has {direction.Length} numbers, but the point has {point.Length}; give as many."
            );
    }

    // Cloned: a gradient that libtorch knows to be 0, as the second one of |x|, has no memory of its own.
    private static double[] Numbers(Tensor values) =>
        [.. values.detach().to_type(ScalarType.Float64).clone().contiguous().data<double>()];
}
