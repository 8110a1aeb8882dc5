using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class LogisticRegressionTests
{
    private static (Tensor X, Tensor Labels) Blobs(long count, int classes)
    {
        using var generator = new RandomStreams(0).At("test", 0);
        var labels = arange(count) % classes;
        var centres = randn(classes, 5, ScalarType.Float64, generator: generator);
        return (centres.index_select(0, labels) + randn(count, 5, ScalarType.Float64, generator: generator), labels);
    }

    /// <summary>Gradient of mean loss + l2/2 |W|² by scalar loops; <paramref name="errors"/> gives d loss / d scores of an image.</summary>
    private static double LargestGradient(Tensor x, Tensor w, double l2, Func<int, double[], double[]> errors)
    {
        var (rows, weights) = ((double[,])x.data<double>().ToNDArray(), (double[,])w.data<double>().ToNDArray());
        var (n, d, classes) = (rows.GetLength(0), rows.GetLength(1), weights.GetLength(1));
        var gradient = new double[d + 1, classes];
        for (var i = 0; i < n; i++)
        {
            double Input(int j) => j == d ? 1 : rows[i, j];
            var scores = Enumerable
                .Range(0, classes)
                .Select(c => Enumerable.Range(0, d + 1).Sum(j => Input(j) * weights[j, c]));
            var error = errors(i, [.. scores]);
            for (var c = 0; c < classes; c++)
            for (var j = 0; j <= d; j++)
                gradient[j, c] += error[c] * Input(j) / n;
        }
        for (var j = 0; j < d; j++)
        for (var c = 0; c < classes; c++)
            gradient[j, c] += l2 * weights[j, c];
        return gradient.Cast<double>().Max(Math.Abs);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1e-3)]
    public void The_solution_is_where_the_brute_force_gradient_vanishes(double l2)
    {
        using var scope = NewDisposeScope();
        var (x, labels) = Blobs(60, 3);
        var w = LogisticRegression.Solve(new FeatureRows(x), labels, 3, l2).At;
        var largest = LargestGradient(
            x,
            w,
            l2,
            (i, scores) =>
            {
                var sum = scores.Sum(Math.Exp);
                return [.. scores.Select((score, c) => Math.Exp(score) / sum - (c == i % 3 ? 1 : 0))];
            }
        );
        Assert.InRange(largest, 0, 2e-4);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1e-3)]
    public void With_several_classes_per_image_each_classs_own_gradient_vanishes(double l2)
    {
        using var scope = NewDisposeScope();
        var (x, _) = Blobs(60, 3);
        long Target(int image, int c) =>
            (image + c) % 4 == 0 ? 0
            : (image * (c + 1)) % 3 == 0 ? 1
            : -1;
        var targets = tensor(Enumerable.Range(0, 180).Select(at => Target(at / 3, at % 3)).ToArray(), [60, 3]);
        var w = LogisticRegression.Solve(new FeatureRows(x), targets, 3, l2).At;
        var largest = LargestGradient(
            x,
            w,
            l2,
            (i, scores) =>
                [
                    .. scores.Select(
                        (score, c) => Target(i, c) == 0 ? 0 : 1 / (1 + Math.Exp(-score)) - (Target(i, c) > 0 ? 1 : 0)
                    ),
                ]
        );
        Assert.InRange(largest, 0, 2e-4);
    }

    [Fact]
    public void Under_a_crushing_strength_only_the_biases_are_left_and_tell_how_frequent_classes_are()
    {
        // W vanishes; b, which is not penalized, solves softmax(b) = (1/2, 1/3, 1/6).
        using var scope = NewDisposeScope();
        var (x, _) = Blobs(60, 3);
        var labels = cat([zeros(30, ScalarType.Int64), ones(20, ScalarType.Int64), full([10], 2, ScalarType.Int64)]);
        var w = LogisticRegression.Solve(new FeatureRows(x), labels, 3, 1e4).At;
        Assert.InRange(w.narrow(0, 0, 5).abs().max().ToDouble(), 0, 1e-3);
        var shares = nn.functional.softmax(w[-1], 0).data<double>().ToArray();
        Assert.Equal(1.0 / 2, shares[0], 1e-3);
        Assert.Equal(1.0 / 3, shares[1], 1e-3);
        Assert.Equal(1.0 / 6, shares[2], 1e-3);
    }

    [Fact]
    public void Where_it_starts_does_not_matter()
    {
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(1).At("test", 0);
        var (x, labels) = Blobs(60, 3);
        var start = randn(6, 3, ScalarType.Float64, generator: generator) * 3;
        var copy = start.clone();
        // b's common part is not determined: the differences of scores are.
        var scores = new[] { null, start }
            .Select(from => LogisticRegression.Solve(new FeatureRows(x), labels, 3, 0.1, from).At)
            .Select(w => nn.functional.softmax(x.mm(w.narrow(0, 0, 5)) + w[-1], 1))
            .ToList();
        Assert.InRange((scores[0] - scores[1]).abs().max().ToDouble(), 0, 1e-2);
        Assert.True(start.equal(copy).all().ToBoolean());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Blocks_of_rows_change_nothing_but_the_order_of_sums(bool several)
    {
        using var scope = NewDisposeScope();
        var (x, labels) = Blobs(60, 3);
        var shown = several ? (nn.functional.one_hot(labels, 3) * 2 - 1).to_type(ScalarType.Int64) : labels;
        var whole = new FeatureRows(x * 3 + 5).Standardized();
        var inBlocks = (new FeatureRows(x * 3 + 5) { RowsAtOnce = 7 }).Standardized();
        Assert.True((whole.Mean! - inBlocks.Mean!).abs().max().ToDouble() < 1e-12);
        var deviation = (x * 3 + 5).std(0, unbiased: false, keepdim: true);
        Assert.True((inBlocks.Scale! - deviation).abs().max().ToDouble() < 1e-12);
        var one = LogisticRegression.Solve(whole, shown, 3, 0.01);
        var many = LogisticRegression.Solve(inBlocks, shown, 3, 0.01);
        Assert.True(many.Converged);
        Assert.InRange((one.At - many.At).abs().max().ToDouble(), 0, 1e-6);
    }

    [Fact]
    public void A_block_is_standardized_and_has_ones_behind_it()
    {
        using var scope = NewDisposeScope();
        var rows = new FeatureRows(
            tensor(
                new float[,]
                {
                    { 1, 2 },
                    { 3, 4 },
                    { 5, 6 },
                }
            ),
            null,
            tensor(
                new double[,]
                {
                    { 1, 1 },
                }
            ),
            tensor(
                new double[,]
                {
                    { 2, 4 },
                }
            )
        );
        Assert.Equal([1, 0.75, 1, 2, 1.25, 1], rows.Block(1, 2, ScalarType.Float64).data<double>().ToArray());
        Assert.Equal(ScalarType.Float32, rows.Block(0, 1, ScalarType.Float32).dtype);
    }
}
