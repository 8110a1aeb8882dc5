using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class ContrastiveMetricsTests
{
    private static (double Entropy, double Top1) Agreement(double[][] a, double[][] b, double t, bool normalize = true)
    {
        using var scope = NewDisposeScope();
        var (entropy, top1) = ContrastiveMetrics.Agreement(Scalar.Tensor(a), Scalar.Tensor(b), t, normalize);
        return (entropy.ToDouble(), top1.ToDouble());
    }

    [Theory]
    [InlineData(0.05, true)]
    [InlineData(0.5, true)]
    [InlineData(10, false)]
    public void Agreement_equals_a_loop_over_the_logits_of_A_against_B_only(double t, bool normalize)
    {
        var a = Scalar.Random(12, 3, 1);
        double[][] b = [.. a.Zip(Scalar.Random(12, 3, 2, 0.7), (x, noise) => x.Zip(noise, (u, v) => u + v).ToArray())];
        var z = Scalar.Stack(a, b, normalize);
        var (entropy, hits) = (0.0, 0);
        for (var i = 0; i < 12; i++)
        {
            double[] logits = [.. Enumerable.Range(12, 12).Select(j => Scalar.Dot(z[i], z[j]) / t)];
            double[] p = [.. logits.Select(v => Math.Exp(v - Scalar.LogSumExp(logits)))];
            entropy -= p.Sum(v => v * Math.Log(v)) / 12;
            hits += Array.IndexOf(logits, logits.Max()) == i ? 1 : 0;
        }

        Assert.InRange(hits, 1, 11);
        var actual = Agreement(a, b, t, normalize);
        Assert.Equal(entropy, actual.Entropy, 1e-12);
        Assert.Equal(hits / 12.0, actual.Top1, 1e-15);
    }

    [Fact]
    public void Collapsed_embeddings_score_ln_N_nats_and_chance()
    {
        double[][] same = [.. Enumerable.Repeat(new[] { 1.0, 2.0 }, 8)];
        Assert.Equal(Math.Log(8), Agreement(same, same, 0.5).Entropy, 1e-14);
        Assert.Equal(1 / 8.0, Agreement(same, same, 0.5).Top1);
    }

    [Fact]
    public void Perfect_pairs_score_1() =>
        Assert.Equal(1, Agreement(Scalar.Random(9, 8, 1), Scalar.Random(9, 8, 1), 0.1).Top1);

    [Fact]
    public void Many_rows_go_in_blocks_of_the_same_result()
    {
        // 8192 x 8192 logits are two blocks; row i of B is row i of A, so all are found.
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var a = randn(8192, 16, generator: generator);
        Assert.Equal(1, ContrastiveMetrics.Agreement(a, a, 0.1).Top1.ToDouble());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public void Alignment_equals_a_loop(double alpha)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Scalar.Random(7, 3, 1), Scalar.Random(7, 3, 2));
        var expected = Enumerable.Range(0, 7).Average(i => Math.Pow(Distance(a[i], b[i]), alpha));
        Assert.Equal(
            expected,
            ContrastiveMetrics.Alignment(Scalar.Tensor(a), Scalar.Tensor(b), alpha).ToDouble(),
            1e-12
        );
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0.5)]
    public void Uniformity_equals_a_loop_over_pairs(double t)
    {
        using var scope = NewDisposeScope();
        var a = Scalar.Random(7, 3, 1);
        var terms =
            from i in Enumerable.Range(0, 7)
            from j in Enumerable.Range(0, i)
            select Math.Exp(-t * Math.Pow(Distance(a[i], a[j]), 2));
        Assert.Equal(Math.Log(terms.Average()), ContrastiveMetrics.Uniformity(Scalar.Tensor(a), t).ToDouble(), 1e-12);
    }

    private static double Distance(double[] x, double[] y) =>
        Math.Sqrt(Scalar.Unit(x).Zip(Scalar.Unit(y), (u, v) => (u - v) * (u - v)).Sum());

    [Fact]
    public void EmbeddingStd_is_near_1_when_spread_and_0_when_collapsed()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        Assert.Equal(1, ContrastiveMetrics.EmbeddingStd(randn(2000, 64, generator: generator)).ToDouble(), 0.01);
        Assert.Equal(0, ContrastiveMetrics.EmbeddingStd(ones(20, 64, float64)).ToDouble(), 1e-14);
        // Two points at 0 and 90 degrees: each dimension has values 0 and 1, standard deviation √(1/2), times √2.
        Assert.Equal(
            1,
            ContrastiveMetrics
                .EmbeddingStd(
                    Scalar.Tensor([
                        [3, 0],
                        [0, 4],
                    ])
                )
                .ToDouble(),
            1e-14
        );
    }

    [Fact]
    public void No_tensor_stays_behind()
    {
        using var a = Scalar.Tensor(Scalar.Random(9, 8, 1));
        void Once()
        {
            var (entropy, top1) = ContrastiveMetrics.Agreement(a, a, 0.5);
            entropy.Dispose();
            top1.Dispose();
            ContrastiveMetrics.Alignment(a, a).Dispose();
            ContrastiveMetrics.Uniformity(a).Dispose();
            ContrastiveMetrics.EmbeddingStd(a).Dispose();
        }

        Once();
        var before = LiveTensors.Count();
        Once();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void A_wrong_temperature_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Agreement(Scalar.Random(3, 2, 1), Scalar.Random(3, 2, 2), 0));
}
