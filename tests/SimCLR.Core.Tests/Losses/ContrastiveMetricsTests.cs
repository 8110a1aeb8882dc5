using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class ContrastiveMetricsTests
{
    [Fact]
    public void Entropy_and_accuracy_computed_by_hand()
    {
        // First views e1, e2 against second views e1, (e1 + e2) / sqrt 2, at temperature 1, N = 2. Logits of the first anchor: 1, s;
        // of the second: 0, s, with s = 1 / sqrt 2. Both find their positive.
        using var scope = NewDisposeScope();
        var a = tensor(
            new double[,]
            {
                { 1, 0 },
                { 0, 1 },
            }
        );
        var b = tensor(
            new double[,]
            {
                { 3, 0 },
                { 1, 1 },
            }
        );
        static double Entropy(double x, double y)
        {
            var p = 1 / (1 + Math.Exp(y - x));
            return -(p * Math.Log(p) + (1 - p) * Math.Log(1 - p));
        }
        var s = 1 / Math.Sqrt(2);
        var (entropy, top1) = ContrastiveMetrics.Compute(a, b, 1, normalize: true);
        Assert.Equal((Entropy(1, s) + Entropy(0, s)) / 2, entropy.ToDouble(), 1e-12);
        Assert.Equal(1, top1.ToDouble());
    }

    [Fact]
    public void Without_normalization_the_longest_vector_attracts()
    {
        using var scope = NewDisposeScope();
        var a = tensor(
            new double[,]
            {
                { 1, 0 },
                { 0, 1 },
            }
        );
        var b = tensor(
            new double[,]
            {
                { 1, 0 },
                { 5, 1 },
            }
        );
        Assert.Equal(0.5, ContrastiveMetrics.Compute(a, b, 1, normalize: false).Top1.ToDouble());
        Assert.Equal(1, ContrastiveMetrics.Compute(a, b, 1, normalize: true).Top1.ToDouble());
    }

    [Fact]
    public void Equal_embeddings_have_the_entropy_of_guessing()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(
            Math.Log(32),
            ContrastiveMetrics.Compute(ones(32, 4), ones(32, 4), 0.1, true).Entropy.ToSingle(),
            1e-5
        );
    }

    [Fact]
    public void Many_rows_go_in_blocks_of_the_same_result()
    {
        // 8192 x 8192 logits are two blocks; row i of B is row i of A, so all are found.
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var a = randn(8192, 16, generator: generator);
        Assert.Equal(1, ContrastiveMetrics.Compute(a, a, 0.1, true).Top1.ToSingle());
    }
}
