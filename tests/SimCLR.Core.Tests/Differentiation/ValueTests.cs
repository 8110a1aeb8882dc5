using SimCLR.Core.Differentiation;
using SimCLR.Core.Losses;

namespace SimCLR.Core.Tests.Differentiation;

public class ValueTests
{
    // Away from 0, so that logarithm, root and absolute value are smooth.
    private static readonly double[] Point = [0.7, 1.9, 0.4, 1.2, 0.3, 2.1];

    private static Value Matrix(Value x) => Derivatives.Part(x, 0, [2, 3]);

    private static Value Vector(Value x) => Derivatives.Part(x, 3, [3]);

    /// <summary>Functions of six numbers, each with the same in plain arithmetic.</summary>
    private static readonly Dictionary<string, (Func<Value, Value> Ours, Func<double[], double> Plain)> Functions =
        new()
        {
            ["sum"] = (x => Value.Sum(x + x * 2), p => p.Sum(v => 3 * v)),
            ["mean"] = (x => Value.Mean(x * x), p => p.Average(v => v * v)),
            ["arithmetic"] = (
                x => Value.Sum(1 - x / 3 + 2 / x - (-x) * (x - 0.5) + (4 + x) * (3 * x) / (x + 1)),
                p => p.Sum(v => 1 - v / 3 + 2 / v + v * (v - 0.5) + (4 + v) * 3 * v / (v + 1))
            ),
            ["differences of values"] = (x => Value.Sum(x - x * x), p => p.Sum(v => v - v * v)),
            ["power"] = (x => Value.Sum(Value.Pow(x, 2.5)), p => p.Sum(v => Math.Pow(v, 2.5))),
            ["exp"] = (x => Value.Sum(Value.Exp(x)), p => p.Sum(Math.Exp)),
            ["log"] = (x => Value.Sum(Value.Log(x)), p => p.Sum(Math.Log)),
            ["sqrt"] = (x => Value.Sum(Value.Sqrt(x)), p => p.Sum(Math.Sqrt)),
            ["sin"] = (x => Value.Sum(Value.Sin(x)), p => p.Sum(Math.Sin)),
            ["cos"] = (x => Value.Sum(Value.Cos(x)), p => p.Sum(Math.Cos)),
            ["tanh"] = (x => Value.Sum(Value.Tanh(x)), p => p.Sum(Math.Tanh)),
            ["abs"] = (x => Value.Sum(Value.Abs(x - 1)), p => p.Sum(v => Math.Abs(v - 1))),
            ["place"] = (x => x[1] * x[4], p => p[1] * p[4]),
            ["row and column"] = (x => Matrix(x)[1, 2] * Matrix(x)[0, 1], p => p[5] * p[1]),
            ["stack"] = (x => Value.Sum(Value.Stack([x[0], x[3]]) * Value.Constant([2, 5])), p => 2 * p[0] + 5 * p[3]),
            ["inner product"] = (x => Value.Multiply(Vector(x), Vector(x)), p => p.Skip(3).Sum(v => v * v)),
            ["matrix times vector"] = (
                x => Value.Sum(Value.Multiply(Matrix(x), Vector(x))),
                p => (p[0] + p[3]) * p[3] + (p[1] + p[4]) * p[4] + (p[2] + p[5]) * p[5]
            ),
            ["matrix times its transpose"] = (
                x => Value.Multiply(Matrix(x), Value.Transpose(Matrix(x)))[0, 1],
                p => p[0] * p[3] + p[1] * p[4] + p[2] * p[5]
            ),
            ["length"] = (x => Value.Length(x), p => Math.Sqrt(p.Sum(v => v * v))),
            ["lengths of rows"] = (
                x => Value.Sum(Value.Length(Matrix(x))),
                p => p.Chunk(3).Sum(row => Math.Sqrt(row.Sum(v => v * v)))
            ),
            ["normalized"] = (x => Value.Normalize(x)[2], p => p[2] / Math.Sqrt(p.Sum(v => v * v))),
            ["log-sum-exp"] = (x => Value.LogSumExp(x), p => Math.Log(p.Sum(Math.Exp))),
            ["log-sum-exp of rows"] = (
                x => Value.Sum(Value.LogSumExp(Matrix(x))),
                p => p.Chunk(3).Sum(row => Math.Log(row.Sum(Math.Exp)))
            ),
        };

    public static TheoryData<string> Names => [.. Functions.Keys];

    private static double[] Moved(int i, double by) => [.. Point.Select((value, at) => at == i ? value + by : value)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_value_is_plain_arithmetics_and_its_gradient_that_of_finite_differences(string name)
    {
        var (ours, plain) = Functions[name];
        var (value, gradient) = Derivatives.Gradient(ours, Point);
        Assert.Equal(plain(Point), value, 1e-12);
        const double step = 1e-5;
        for (var i = 0; i < Point.Length; i++)
            Assert.Equal((plain(Moved(i, step)) - plain(Moved(i, -step))) / (2 * step), gradient[i], 1e-7);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_second_derivative_is_that_of_finite_differences_of_the_gradient(string name)
    {
        var ours = Functions[name].Ours;
        double[] direction = [0.3, -1, 0.5, 0.2, -0.4, 0.8];
        const double step = 1e-5;
        double[] Slope(double sign) =>
            Derivatives.Gradient(ours, [.. Point.Zip(direction, (p, d) => p + sign * step * d)]).Gradient;
        var expected = Slope(1).Zip(Slope(-1), (plus, minus) => (plus - minus) / (2 * step));
        var actual = Derivatives.HessianVector(ours, Point, direction);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }

    [Fact]
    public void Log_sum_exp_of_large_numbers_does_not_overflow()
    {
        var (value, gradient) = Derivatives.Gradient(x => Value.LogSumExp(x), [1000, 1000]);
        Assert.Equal(1000 + Math.Log(2), value, 1e-9);
        Assert.All(gradient, slope => Assert.Equal(0.5, slope, 1e-9));
    }

    [Fact]
    public void A_loss_of_embeddings_is_the_losss_own()
    {
        // Views (1, 0) and (0, 1), positives equal: -ln(e^{1/τ} / (e^{1/τ} + 2)) for each of the four anchors.
        var (value, _) = Derivatives.Gradient(
            x => Value.Loss(new NtXent(0.5), Derivatives.Part(x, 0, [2, 2]), Derivatives.Part(x, 4, [2, 2])),
            [1, 0, 0, 1, 1, 0, 0, 1]
        );
        Assert.Equal(Math.Log(1 + 2 * Math.Exp(-2)), value, 1e-12);
    }

    [Fact]
    public void The_shape_tells_number_vector_and_matrix_and_a_place_outside_is_refused()
    {
        var shapes = new List<IReadOnlyList<long>>();
        Derivatives.Evaluate(
            x =>
            {
                shapes.AddRange([x[0].Shape, x.Shape, Matrix(x).Shape]);
                Assert.Contains("use 0 to 5", Assert.Throws<ArgumentOutOfRangeException>(() => x[6]).Message);
                Assert.Throws<ArgumentOutOfRangeException>(() => x[-1]);
                Assert.Throws<ArgumentOutOfRangeException>(() => x[0][0]);
                return x;
            },
            Point
        );
        Assert.Equal(
            [
                [],
                [6],
                [2, 3],
            ],
            shapes
        );
    }
}
