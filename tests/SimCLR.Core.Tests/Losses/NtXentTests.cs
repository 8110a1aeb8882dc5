using SimCLR.Core.Losses;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

/// <summary>Its gradient is checked with the other losses', in LossTests.</summary>
public class NtXentTests
{
    private static double[,] Draw(int n, int d, long seed, double scale = 1)
    {
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(seed).At("test", 0);
        return (double[,])(randn([n, d], ScalarType.Float64, generator: generator) * scale).data<double>().ToNDArray();
    }

    private static double Compute(NtXent loss, double[,] a, double[,] b)
    {
        using var scope = NewDisposeScope();
        return loss.Compute(tensor(a), tensor(b)).ToDouble();
    }

    /// <summary>First views as anchors, second views as positives and negatives, anchor by anchor.</summary>
    private static double BruteForceOfOneView(double[,] a, double[,] b, double temperature, bool normalize)
    {
        var (n, d) = (a.GetLength(0), a.GetLength(1));
        double Dot(double[,] u, int i, double[,] v, int k) => Enumerable.Range(0, d).Sum(j => u[i, j] * v[k, j]);
        double Similarity(int i, int k) =>
            Dot(a, i, b, k) / (normalize ? Math.Sqrt(Dot(a, i, a, i) * Dot(b, k, b, k)) : 1) / temperature;
        return Enumerable
            .Range(0, n)
            .Average(i => Math.Log(Enumerable.Range(0, n).Sum(k => Math.Exp(Similarity(i, k) - Similarity(i, i)))));
    }

    [Theory]
    [InlineData(0.1, true)]
    [InlineData(0.5, true)]
    [InlineData(2.0, false)]
    public void With_negatives_of_one_view_each_first_view_has_one_less_than_there_are_images(
        double temperature,
        bool normalize
    )
    {
        var (a, b) = (Draw(7, 5, 1), Draw(7, 5, 2));
        var loss = new NtXent(temperature, normalize, oneView: true);
        var expected = BruteForceOfOneView(a, b, temperature, normalize);
        Assert.Equal(expected, Compute(loss, a, b), 1e-12 * Math.Abs(expected));
        Assert.NotEqual(Compute(new NtXent(temperature, normalize), a, b), expected, 1e-3);
        Assert.Equal(normalize ? Math.Log(7) : null, loss.Collapsed(7));
    }

    /// <summary>Equation 1 of the paper, anchor by anchor.</summary>
    private static double BruteForce(double[,] a, double[,] b, double temperature, bool normalize)
    {
        var (n, d) = (a.GetLength(0), a.GetLength(1));
        double[] View(int i) => [.. Enumerable.Range(0, d).Select(j => i < n ? a[i, j] : b[i - n, j])];
        double Similarity(int i, int k)
        {
            var (u, v) = (View(i), View(k));
            var dot = u.Zip(v).Sum(pair => pair.First * pair.Second);
            return normalize ? dot / Math.Sqrt(u.Sum(x => x * x) * v.Sum(x => x * x)) : dot;
        }

        var total = 0.0;
        for (var i = 0; i < 2 * n; i++)
        {
            var positive = Similarity(i, (i + n) % (2 * n)) / temperature;
            var others = Enumerable
                .Range(0, 2 * n)
                .Where(k => k != i)
                .Select(k => Similarity(i, k) / temperature)
                .ToList();
            var largest = others.Max();
            total += largest + Math.Log(others.Sum(x => Math.Exp(x - largest))) - positive;
        }
        return total / (2 * n);
    }

    [Theory]
    [InlineData(2, 3, 0.5, true)]
    [InlineData(7, 5, 0.1, true)]
    [InlineData(16, 8, 1.0, true)]
    [InlineData(9, 4, 10.0, false)]
    [InlineData(5, 16, 0.05, true)]
    public void The_value_is_the_double_loops(int n, int d, double temperature, bool normalize)
    {
        var (a, b) = (Draw(n, d, 1), Draw(n, d, 2));
        var expected = BruteForce(a, b, temperature, normalize);
        Assert.Equal(expected, Compute(new NtXent(temperature, normalize), a, b), 1e-12 * Math.Abs(expected));
    }

    [Theory]
    [InlineData(0.5, 0.7920212626)]
    [InlineData(0.1, 0.1220839361)]
    public void The_example_has_the_loss_of_plain_PyTorch(double temperature, double expected)
    {
        using var scope = NewDisposeScope();
        Example.Is(expected, new NtXent(temperature).Compute(Example.A, Example.B));
    }

    [Fact]
    public void Two_images_computed_by_hand()
    {
        // Views (1,0), (0,1) and the same again at temperature 1: each anchor has its positive at similarity 1 and two
        // negatives at 0, so the loss is ln(e + 2) - 1.
        double[,] views =
        {
            { 1, 0 },
            { 0, 1 },
        };
        Assert.Equal(Math.Log(Math.E + 2) - 1, Compute(new NtXent(1), views, views), 1e-14);
    }

    [Fact]
    public void Large_similarities_do_not_overflow()
    {
        // exp(1 / 0.001) is beyond float32 and float64: only a loss that takes the maximum out first is finite.
        using var scope = NewDisposeScope();
        var views = eye(4);
        Assert.Equal(0, new NtXent(0.001).Compute(views, views).ToSingle(), 1e-6);
    }

    [Fact]
    public void Self_similarity_is_masked_not_subtracted()
    {
        // With equal views the positive's logit equals that of the anchor with itself; at a tiny temperature, subtracting exp(self) in
        // float32 would leave nothing of the negatives. All views alike: 2N - 1 equal logits, ln(2N - 1) at any temperature.
        using var scope = NewDisposeScope();
        var views = ones(8, 3);
        foreach (var temperature in new[] { 0.01, 0.5, 100 })
            Assert.Equal(Math.Log(15), new NtXent(temperature).Compute(views, views).ToSingle(), 1e-5);
    }

    [Fact]
    public void The_loss_is_not_scaled_by_the_temperature()
    {
        // MoCo v3 and others multiply by 2 tau; then the limit of a large temperature would not be ln(2N - 1).
        Assert.Equal(Math.Log(11), Compute(new NtXent(1e6), Draw(6, 4, 1), Draw(6, 4, 2)), 1e-5);
    }

    [Fact]
    public void Swapping_views_permuting_images_and_scaling_change_nothing()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (tensor(Draw(8, 5, 1)), tensor(Draw(8, 5, 2)));
        var loss = new NtXent(0.3);
        var value = loss.Compute(a, b).ToDouble();
        var order = tensor(new long[] { 3, 1, 7, 0, 5, 2, 6, 4 });
        Assert.Equal(value, loss.Compute(b, a).ToDouble(), 1e-12);
        Assert.Equal(value, loss.Compute(a.index_select(0, order), b.index_select(0, order)).ToDouble(), 1e-12);
        Assert.Equal(value, loss.Compute(a * 7, b * 0.1).ToDouble(), 1e-12);
        Assert.NotEqual(value, loss.Compute(a.index_select(0, order), b).ToDouble(), 1e-3);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_temperature_that_cannot_be_is_refused_with_a_remedy(double temperature)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new NtXent(temperature));
        Assert.Contains("above 0, for example 0.5", error.Message);
    }

    [Fact]
    public void Float32_is_near_float64()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (tensor(Draw(64, 32, 1)), tensor(Draw(64, 32, 2)));
        var exact = new NtXent(0.1).Compute(a, b).ToDouble();
        var single = new NtXent(0.1).Compute(a.to_type(ScalarType.Float32), b.to_type(ScalarType.Float32)).ToSingle();
        Assert.Equal(exact, single, 1e-5 * exact);
    }

    /// <summary>NT-Xent with more negatives, anchor by anchor.</summary>
    private static double BruteForce(double[,] a, double[,] b, double[,] memory, double temperature)
    {
        double[][] Unit(double[,] rows) =>
            [
                .. Enumerable
                    .Range(0, rows.GetLength(0))
                    .Select(i => Enumerable.Range(0, rows.GetLength(1)).Select(j => rows[i, j]).ToArray())
                    .Select(row => row.Select(x => x / Math.Sqrt(row.Sum(y => y * y))).ToArray()),
            ];
        double[][] views = [.. Unit(a), .. Unit(b)];
        var (n, old) = (a.GetLength(0), Unit(memory));
        double Weight(double[] u, double[] v) => Math.Exp(u.Zip(v).Sum(pair => pair.First * pair.Second) / temperature);
        return Enumerable
            .Range(0, 2 * n)
            .Average(i =>
            {
                var negatives = views.Where((_, k) => k != i).Concat(old).Sum(view => Weight(views[i], view));
                return Math.Log(negatives / Weight(views[i], views[(i + n) % (2 * n)]));
            });
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(100)]
    public void A_memory_has_more_negatives_for_every_anchor_in_blocks_too(int? blockRows)
    {
        using var scope = NewDisposeScope();
        var (a, b, memory) = (Draw(5, 4, 1), Draw(5, 4, 2), Draw(9, 4, 3));
        var (first, second) = (tensor(a).requires_grad_(), tensor(b).requires_grad_());
        var rows = nn.functional.normalize(tensor(memory));
        var value = new NtXent(0.3, blockRows: blockRows).WithMemory(first, second, rows);
        Assert.Equal(BruteForce(a, b, memory, 0.3), value.ToDouble(), 1e-12);
        value.backward();
        const double Step = 1e-6;
        for (var i = 0; i < 5; i++)
        for (var j = 0; j < 4; j++)
            foreach (var (numbers, leaf) in new[] { (a, first), (b, second) })
            {
                var before = numbers[i, j];
                numbers[i, j] = before + Step;
                var above = BruteForce(a, b, memory, 0.3);
                numbers[i, j] = before - Step;
                var below = BruteForce(a, b, memory, 0.3);
                numbers[i, j] = before;
                Assert.Equal((above - below) / (2 * Step), leaf.grad![i, j].ToDouble(), 1e-8);
            }
    }
}
