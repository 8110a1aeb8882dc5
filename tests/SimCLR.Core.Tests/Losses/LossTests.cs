using SimCLR.Core.Losses;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

/// <summary>Every loss against loops over its formula, finite differences, and the paper's Table 2.</summary>
public class LossTests
{
    private const int N = 6;
    private const int D = 4;

    public static TheoryData<ILoss> All =>
        [
            new NtXent(0.2),
            new NtXent(3, normalize: false),
            new NtLogistic(0.2),
            new NtLogistic(0.5, semiHard: true),
            new MarginTriplet(0.4),
            new MarginTriplet(0.8, semiHard: true),
            new Dcl(0.1),
            new HardNegative(0.5, 1, 0.1),
            new HardNegative(0.2, 0, 0.05),
            new SupCon(0.1),
        ];

    private static readonly long[] Labels = [0, 1, 0, 2, 1, 3];

    private static double[,] Draw(long seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(seed).At("test", 0);
        return (double[,])randn([N, D], ScalarType.Float64, generator: generator).data<double>().ToNDArray();
    }

    private static double Compute(ILoss loss, double[,] a, double[,] b, long[]? labels = null)
    {
        using var scope = NewDisposeScope();
        return loss.Compute(tensor(a), tensor(b), tensor(labels ?? Labels)).ToDouble();
    }

    /// <summary>Unit vectors of both views, 2N of them.</summary>
    private static double[][] Units(double[,] a, double[,] b)
    {
        double[] Unit(double[,] m, int i)
        {
            var row = Enumerable.Range(0, D).Select(j => m[i, j]).ToArray();
            var length = Math.Sqrt(row.Sum(x => x * x));
            return [.. row.Select(x => x / length)];
        }
        return [.. Enumerable.Range(0, N).Select(i => Unit(a, i)), .. Enumerable.Range(0, N).Select(i => Unit(b, i))];
    }

    private static double Dot(double[] u, double[] v) => u.Zip(v).Sum(pair => pair.First * pair.Second);

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    [Theory]
    [MemberData(nameof(All))]
    public void The_gradient_is_that_of_finite_differences(ILoss loss)
    {
        const double h = 1e-6;
        using var scope = NewDisposeScope();
        var (a, b) = (Draw(1), Draw(2));
        var (ta, tb) = (tensor(a).requires_grad_(), tensor(b).requires_grad_());
        loss.Compute(ta, tb, tensor(Labels)).backward();
        foreach (var (values, gradient) in new[] { (a, ta.grad!), (b, tb.grad!) })
            for (var i = 0; i < N; i++)
            for (var j = 0; j < D; j++)
            {
                var at = values[i, j];
                values[i, j] = at + h;
                var above = Compute(loss, a, b);
                values[i, j] = at - h;
                var below = Compute(loss, a, b);
                values[i, j] = at;
                Assert.Equal((above - below) / (2 * h), gradient[i, j].ToDouble(), 1e-6);
            }
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(1)]
    public void NtLogistic_is_the_loop(double temperature)
    {
        var (a, b) = (Draw(1), Draw(2));
        var z = Units(a, b);
        var expected = 0.0;
        for (var i = 0; i < N; i++)
        {
            expected -= Math.Log(Sigmoid(Dot(z[i], z[N + i]) / temperature)) / N;
            for (var j = 0; j < N; j++)
                if (j != i)
                    expected -= Math.Log(Sigmoid(-Dot(z[i], z[N + j]) / temperature)) / (N * (N - 1));
        }
        Assert.Equal(expected, Compute(new NtLogistic(temperature), a, b), 1e-12);
    }

    [Fact]
    public void MarginTriplet_is_the_loop()
    {
        var (a, b) = (Draw(1), Draw(2));
        var z = Units(a, b);
        var expected = 0.0;
        for (var i = 0; i < N; i++)
        for (var j = 0; j < N; j++)
            if (j != i)
                expected += Math.Max(Dot(z[i], z[N + j]) - Dot(z[i], z[N + i]) + 0.4, 0) / (N * (N - 1));
        Assert.Equal(expected, Compute(new MarginTriplet(0.4), a, b), 1e-12);
    }

    [Fact]
    public void Semi_hard_negatives_are_the_most_similar_that_are_less_similar_than_the_positive()
    {
        var (a, b) = (Draw(1), Draw(2));
        var z = Units(a, b);
        var (expected, fallbacks) = (0.0, 0);
        for (var i = 0; i < N; i++)
        {
            var positive = Dot(z[i], z[N + i]);
            var negatives = Enumerable.Range(0, N).Where(j => j != i).Select(j => Dot(z[i], z[N + j])).ToList();
            var farther = negatives.Where(s => s < positive).ToList();
            fallbacks += farther.Count == 0 ? 1 : 0;
            var chosen = farther.Count > 0 ? farther.Max() : negatives.Min();
            expected += Math.Max(chosen - positive + 0.8, 0) / N;
        }
        Assert.InRange(fallbacks, 0, N - 1);
        Assert.Equal(expected, Compute(new MarginTriplet(0.8, semiHard: true), a, b), 1e-12);
    }

    [Fact]
    public void Dcl_is_NtXent_without_the_positive_in_the_denominator()
    {
        var (a, b) = (Draw(1), Draw(2));
        var z = Units(a, b);
        var expected = 0.0;
        for (var i = 0; i < 2 * N; i++)
        {
            var positive = (i + N) % (2 * N);
            var negatives = Enumerable.Range(0, 2 * N).Where(k => k != i && k != positive);
            expected +=
                (Math.Log(negatives.Sum(k => Math.Exp(Dot(z[i], z[k]) / 0.1))) - Dot(z[i], z[positive]) / 0.1)
                / (2 * N);
        }
        Assert.Equal(expected, Compute(new Dcl(0.1), a, b), 1e-11);
    }

    [Theory]
    [InlineData(0.5, 1, 0.1)]
    [InlineData(0.5, 0, 0.1)]
    [InlineData(0.2, 2, 0.5)] // the estimate is negative for some anchors: the bound holds them
    public void HardNegative_is_the_loop_over_its_papers_formula(double t, double beta, double prior)
    {
        var (a, b) = (Draw(1), Draw(2));
        var z = Units(a, b);
        var (expected, m) = (0.0, 2 * N - 2);
        for (var i = 0; i < 2 * N; i++)
        {
            var partner = (i + N) % (2 * N);
            var positive = Math.Exp(Dot(z[i], z[partner]) / t);
            var s = Enumerable
                .Range(0, 2 * N)
                .Where(k => k != i && k != partner)
                .Select(k => Dot(z[i], z[k]) / t)
                .ToList();
            var mean = s.Average(x => Math.Exp(beta * x));
            var reweighted = s.Sum(x => Math.Exp(beta * x) / mean * Math.Exp(x));
            var g = Math.Max((reweighted - m * prior * positive) / (1 - prior), m * Math.Exp(-1 / t));
            expected -= Math.Log(positive / (positive + g)) / (2 * N);
        }
        Assert.Equal(expected, Compute(new HardNegative(t, beta, prior), a, b), 1e-11);
    }

    [Fact]
    public void HardNegative_without_hardness_and_prior_is_NtXent() =>
        Assert.Equal(
            Compute(new NtXent(0.3), Draw(1), Draw(2)),
            Compute(new HardNegative(0.3, 0, 0), Draw(1), Draw(2)),
            1e-12
        );

    [Fact]
    public void SupCon_is_the_loop()
    {
        var (a, b) = (Draw(1), Draw(2));
        var z = Units(a, b);
        var expected = 0.0;
        for (var i = 0; i < 2 * N; i++)
        {
            var others = Enumerable.Range(0, 2 * N).Where(k => k != i).ToList();
            var denominator = Math.Log(others.Sum(k => Math.Exp(Dot(z[i], z[k]) / 0.1)));
            var positives = others.Where(k => Labels[k % N] == Labels[i % N]).ToList();
            expected -= positives.Average(k => Dot(z[i], z[k]) / 0.1 - denominator) / (2 * N);
        }
        Assert.Equal(expected, Compute(new SupCon(0.1), a, b), 1e-11);
    }

    [Fact]
    public void SupCon_with_distinct_labels_is_NtXent() =>
        Assert.Equal(
            Compute(new NtXent(0.1), Draw(1), Draw(2)),
            Compute(new SupCon(0.1), Draw(1), Draw(2), [0, 1, 2, 3, 4, 5]),
            1e-12
        );

    [Fact]
    public void SupCon_without_labels_says_so()
    {
        using var views = ones(2, 2);
        Assert.Throws<ArgumentNullException>(() => new SupCon().Compute(views, views));
    }

    /// <summary>
    /// The analytic gradients that Table 2 prints (for the negative of the loss, with respect to the anchor's unit vector u), for one anchor
    /// with one negative, projected on the tangent of the sphere as the normalization does.
    /// </summary>
    [Theory]
    [InlineData("NT-Logistic")]
    [InlineData("margin")]
    public void Gradients_are_those_of_Table_2(string name)
    {
        const double t = 0.5;
        double[] u = [0.6, 0.8, 0],
            plus = [0.8, 0, 0.6],
            minus = [0, 0.8, -0.6];
        double[] Combine(double x, double y) => [.. plus.Zip(minus).Select(pair => x * pair.First + y * pair.Second)];
        var (up, um) = (Dot(u, plus), Dot(u, minus));
        var expected = name switch
        {
            "NT-Logistic" => Combine(Sigmoid(-up / t) / t, -Sigmoid(um / t) / t),
            _ => um - up + 0.4 > 0 ? Combine(1, -1) : [0, 0, 0],
        };
        var along = Dot(expected, u);
        expected = [.. expected.Zip(u).Select(pair => pair.First - along * pair.Second)];

        using var scope = NewDisposeScope();
        var anchor = tensor(u).unsqueeze(0).requires_grad_();
        // Row 0 is the anchor's; row 1 supplies the negative and has no part in the gradient of row 0 otherwise.
        var first = cat([anchor, tensor(minus).unsqueeze(0)]);
        var second = stack([tensor(plus), tensor(minus)]);
        ILoss form = name == "NT-Logistic" ? new NtLogistic(t) : new MarginTriplet(0.4);
        var loss = form.Compute(first, second) * 2;
        loss.backward();
        var actual = anchor.grad!.neg().flatten().data<double>().ToArray();
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void The_gradient_of_NtXent_is_that_of_Table_2_summed_over_anchors()
    {
        // Table 2 gives an anchor's own term: (1 - p+) v+/t - sum of p- v-/t. The same view is also positive or negative of the others.
        const double t = 0.3;
        var (a, b) = (Draw(1), Draw(2));
        var z = Units(a, b);
        var p = new double[2 * N, 2 * N];
        for (var i = 0; i < 2 * N; i++)
        for (var k = 0; k < 2 * N; k++)
            if (k != i)
                p[i, k] =
                    Math.Exp(Dot(z[i], z[k]) / t)
                    / Enumerable.Range(0, 2 * N).Where(j => j != i).Sum(j => Math.Exp(Dot(z[i], z[j]) / t));

        using var scope = NewDisposeScope();
        var (ta, tb) = (tensor(a).requires_grad_(), tensor(b).requires_grad_());
        new NtXent(t).Compute(ta, tb).backward();
        for (var i = 0; i < N; i++)
        {
            var ascent = new double[D];
            for (var k = 0; k < 2 * N; k++)
            {
                if (k == i)
                    continue;
                var own = (k == i + N ? 1 - p[i, k] : -p[i, k]) / t;
                var others = (k == i + N ? 1 - p[k, i] : -p[k, i]) / t;
                for (var j = 0; j < D; j++)
                    ascent[j] += (own + others) * z[k][j] / (2 * N);
            }
            // Through the normalization: the part across u, divided by the length before it.
            var length = Math.Sqrt(Enumerable.Range(0, D).Sum(j => a[i, j] * a[i, j]));
            var along = Dot(ascent, z[i]);
            for (var j = 0; j < D; j++)
                Assert.Equal(-(ascent[j] - along * z[i][j]) / length, ta.grad![i, j].ToDouble(), 1e-11);
        }
    }

    [Fact]
    public void Parameters_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new NtLogistic(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MarginTriplet(-0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MarginTriplet(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dcl(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HardNegative(beta: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HardNegative(positivePrior: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SupCon(-1));
    }
}
