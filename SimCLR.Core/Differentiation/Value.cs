using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Differentiation;

/// <summary>
/// A number, vector or matrix inside a function that is differentiated: in float64, and inside a loss that is trained with, of the embeddings' type and
/// on their device. It lives as long as the call that made it: a function takes values and returns one, and keeps none.
/// </summary>
/// <remarks>Values whose shapes do not fit together are refused with libtorch's message, an <see cref="System.Runtime.InteropServices.ExternalException"/>.</remarks>
public sealed class Value
{
    [ThreadStatic]
    private static Tensor? like;

    internal Value(Tensor tensor) => Tensor = tensor;

    internal Tensor Tensor { get; }

    /// <summary>A constant number.</summary>
    public static Value Constant(double number) => Constant(tensor(number, float64));

    /// <summary>A constant vector, [n].</summary>
    public static Value Constant(double[] numbers) => Constant(tensor(numbers, float64));

    private static Value Constant(Tensor constant) =>
        new(like is null ? constant : constant.to(like.dtype, like.device));

    /// <summary>Until it is disposed, constants of this thread are of a tensor's type and on its device.</summary>
    internal static IDisposable Like(Tensor tensor)
    {
        var before = like;
        like = tensor;
        return new Restoring(before);
    }

    private sealed class Restoring(Tensor? before) : IDisposable
    {
        public void Dispose() => like = before;
    }

    /// <summary>The sizes of its dimensions: none for a number, [n] for a vector, [n, d] for a matrix.</summary>
    public IReadOnlyList<long> Shape => Tensor.shape;

    /// <summary>The number at a place of a vector, or a row of a matrix.</summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public Value this[int index]
    {
        get
        {
            var count = Shape.Count == 0 ? 0 : Shape[0];
            if (index < 0 || index >= count)
                throw new ArgumentOutOfRangeException(
                    nameof(index),
                    index,
                    $"There is no place {index} in a value of shape [{string.Join(", ", Shape)}]; use 0 to {count - 1}."
                );
            return new(Tensor.select(0, index));
        }
    }

    /// <summary>The number at a row and column of a matrix, both from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public Value this[int row, int column] => this[row][column];

    /// <summary>Numbers put together to a vector [n], or n vectors [d] as the rows of a matrix [n, d].</summary>
    public static Value Stack(IEnumerable<Value> parts) => new(stack(parts.Select(part => part.Tensor)));

    /// <summary>The sum, elementwise; a number is added to every element, a vector to every row.</summary>
    public static Value operator +(Value a, Value b) => new(a.Tensor + b.Tensor);

    /// <summary>The same with a constant.</summary>
    public static Value operator +(Value a, double b) => new(a.Tensor + b);

    /// <summary>The same with a constant.</summary>
    public static Value operator +(double a, Value b) => new(b.Tensor + a);

    /// <summary>The difference, elementwise.</summary>
    public static Value operator -(Value a, Value b) => new(a.Tensor - b.Tensor);

    /// <summary>The same with a constant.</summary>
    public static Value operator -(Value a, double b) => new(a.Tensor - b);

    /// <summary>The same with a constant.</summary>
    public static Value operator -(double a, Value b) => new(b.Tensor.neg() + a);

    /// <summary>The negative.</summary>
    public static Value operator -(Value a) => new(a.Tensor.neg());

    /// <summary>The product, elementwise.</summary>
    public static Value operator *(Value a, Value b) => new(a.Tensor * b.Tensor);

    /// <summary>The same with a constant.</summary>
    public static Value operator *(Value a, double b) => new(a.Tensor * b);

    /// <summary>The same with a constant.</summary>
    public static Value operator *(double a, Value b) => new(b.Tensor * a);

    /// <summary>The quotient, elementwise.</summary>
    public static Value operator /(Value a, Value b) => new(a.Tensor / b.Tensor);

    /// <summary>The same with a constant.</summary>
    public static Value operator /(Value a, double b) => new(a.Tensor / b);

    /// <summary>The same with a constant.</summary>
    public static Value operator /(double a, Value b) => new(b.Tensor.reciprocal() * a);

    /// <summary>A power, elementwise.</summary>
    public static Value Pow(Value a, double exponent) => new(a.Tensor.pow(exponent));

    /// <summary>The exponential, e to the power of each element.</summary>
    public static Value Exp(Value a) => new(a.Tensor.exp());

    /// <summary>The natural logarithm, elementwise.</summary>
    public static Value Log(Value a) => new(a.Tensor.log());

    /// <summary>The square root, elementwise.</summary>
    public static Value Sqrt(Value a) => new(a.Tensor.sqrt());

    /// <summary>The sine, elementwise.</summary>
    public static Value Sin(Value a) => new(a.Tensor.sin());

    /// <summary>The cosine, elementwise.</summary>
    public static Value Cos(Value a) => new(a.Tensor.cos());

    /// <summary>The hyperbolic tangent, elementwise.</summary>
    public static Value Tanh(Value a) => new(a.Tensor.tanh());

    /// <summary>The absolute value, elementwise.</summary>
    public static Value Abs(Value a) => new(a.Tensor.abs());

    /// <summary>The sum of all elements: a number.</summary>
    public static Value Sum(Value a) => new(a.Tensor.sum());

    /// <summary>The mean of all elements: a number.</summary>
    public static Value Mean(Value a) => new(a.Tensor.mean());

    /// <summary>The mean over the rows of a matrix [n, d]: a vector [d].</summary>
    public static Value RowMean(Value a) => new(a.Tensor.mean([0]));

    /// <summary>Elements below 0 replaced by 0.</summary>
    public static Value Relu(Value a) => new(a.Tensor.relu());

    /// <summary>The diagonal of a matrix [n, n]: a vector [n].</summary>
    public static Value Diagonal(Value a) => new(a.Tensor.diagonal());

    /// <summary>The inner product of two vectors, a number; or the product of matrices, or of a matrix and a vector.</summary>
    public static Value Multiply(Value a, Value b) => new(a.Tensor.matmul(b.Tensor));

    /// <summary>A matrix [n, d] with rows and columns exchanged: [d, n].</summary>
    public static Value Transpose(Value a) => new(a.Tensor.t());

    /// <summary>The Euclidean length of a vector, a number; or of each row of a matrix [n, d], a vector [n].</summary>
    public static Value Length(Value a) => new(a.Tensor.square().sum(-1).sqrt());

    /// <summary>A vector, or each row of a matrix, divided by its length, which must not be 0.</summary>
    public static Value Normalize(Value a) => new(a.Tensor / a.Tensor.square().sum(-1, keepdim: true).sqrt());

    /// <summary>The logarithm of the sum of the elements' exponentials, of a vector or of each row of a matrix; large ones do not overflow.</summary>
    public static Value LogSumExp(Value a) => new(a.Tensor.logsumexp(-1));

    /// <summary>A loss of two views' embeddings: a number.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="viewA">[N, D].</param>
    /// <param name="viewB">[N, D].</param>
    /// <param name="labels">N classes; only supervised losses read them.</param>
    public static Value Loss(ILoss loss, Value viewA, Value viewB, long[]? labels = null) =>
        new(loss.Compute(viewA.Tensor, viewB.Tensor, labels is null ? null : tensor(labels)));
}
