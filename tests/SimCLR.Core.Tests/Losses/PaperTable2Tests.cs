using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

/// <summary>
/// The gradients that arXiv 2002.05709 prints in Table 2. Per anchor u they are weights on u·v; here they are summed over the roles
/// that a vector plays (anchor, positive, negative) and taken through the normalisation, in scalar loops.
/// </summary>
public class PaperTable2Tests
{
    private const int N = 5;
    private const int D = 4;

    /// <summary>Gradient of the mean over anchors, from weights w(i, j) = derivative of anchor i's loss by z_i·z_j.</summary>
    private static double[][] Gradient(double[][] raw, Func<double[][], int, int, double> weight)
    {
        double[][] z = [.. raw.Select(Scalar.Unit)];
        var g = z.Select(_ => new double[D]).ToArray();
        for (var i = 0; i < z.Length; i++)
        for (var j = 0; j < z.Length; j++)
        for (var k = 0; k < D; k++)
        {
            if (i == j)
                continue;
            var w = weight(z, i, j) / z.Length;
            g[i][k] += w * z[j][k];
            g[j][k] += w * z[i][k];
        }

        // Through z = x / |x|: the part of g across z, over |x|.
        return
        [
            .. g.Select(
                (row, i) =>
                    row.Select((v, k) => (v - Scalar.Dot(row, z[i]) * z[i][k]) / Math.Sqrt(Scalar.Dot(raw[i], raw[i])))
                        .ToArray()
            ),
        ];
    }

    private static void AssertGradient(ILoss loss, Func<double[][], int, int, double> weight)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Scalar.Random(N, D, 11), Scalar.Random(N, D, 12));
        var (ta, tb) = (Scalar.Tensor(a, grad: true), Scalar.Tensor(b, grad: true));
        loss.Compute(ta, tb).backward();
        var expected = Scalar.Tensor(Gradient([.. a, .. b], weight));
        Assert.True(expected.abs().max().ToDouble() > 1e-2);
        Assert.True((cat([ta.grad!, tb.grad!], 0) - expected).abs().max().ToDouble() < 1e-13);
    }

    private static int Positive(int i) => (i + N) % (2 * N);

    private static bool OtherView(int i, int j) => i / N != j / N;

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void NtXent_weighs_the_positive_by_its_missing_share_and_each_negative_by_its_share(long block)
    {
        const double t = 0.4;
        AssertGradient(
            new NtXent(t, true, block),
            (z, i, j) =>
            {
                double E(int k) => Math.Exp(Scalar.Dot(z[i], z[k]) / t);
                var share = E(j) / Enumerable.Range(0, 2 * N).Where(k => k != i).Sum(E);
                return (j == Positive(i) ? share - 1 : share) / t;
            }
        );
    }

    [Fact]
    public void NtLogistic_weighs_each_by_a_sigmoid()
    {
        const double t = 0.4;
        AssertGradient(
            new NtLogistic(t),
            (z, i, j) =>
                !OtherView(i, j) ? 0
                : j == Positive(i) ? -Sigmoid(-Scalar.Dot(z[i], z[j]) / t) / t
                : Sigmoid(Scalar.Dot(z[i], z[j]) / t) / t / (N - 1)
        );
    }

    [Fact]
    public void MarginTriplet_weighs_all_that_break_the_margin_alike()
    {
        const double margin = 0.4;
        AssertGradient(
            new MarginTriplet(margin),
            (z, i, j) =>
            {
                bool Breaks(int k) => Scalar.Dot(z[i], z[Positive(i)]) - Scalar.Dot(z[i], z[k]) < margin;
                if (!OtherView(i, j))
                    return 0;
                return j != Positive(i)
                    ? (Breaks(j) ? 1.0 : 0) / (N - 1)
                    : -(double)Enumerable.Range(0, 2 * N).Count(k => OtherView(i, k) && k != j && Breaks(k)) / (N - 1);
            }
        );
    }
}
