using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

/// <summary>Slow references of the losses: float64 numbers and loops, written from the papers' formulas.</summary>
internal static class Scalar
{
    /// <summary>N x D normal numbers.</summary>
    public static double[][] Random(int n, int d, int seed, double scale = 1)
    {
        var random = new Random(seed);
        double Normal() =>
            Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return [.. Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, d).Select(_ => scale * Normal()).ToArray())];
    }

    public static Tensor Tensor(double[][] rows, ScalarType type = ScalarType.Float64, bool grad = false)
    {
        var flat = rows.SelectMany(row => row).ToArray();
        return tensor(flat, [rows.Length, rows[0].Length]).to(type).requires_grad_(grad);
    }

    public static double Dot(double[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();

    public static double[] Unit(double[] x) => [.. x.Select(v => v / Math.Sqrt(Dot(x, x)))];

    /// <summary>Both views, A first, of length 1 if asked.</summary>
    public static double[][] Stack(double[][] a, double[][] b, bool normalize = true) =>
        [.. a.Concat(b).Select(x => normalize ? Unit(x) : x)];

    public static double LogSumExp(IEnumerable<double> values)
    {
        var all = values.ToArray();
        var max = all.Max();
        return max + Math.Log(all.Sum(v => Math.Exp(v - max)));
    }

    /// <summary>The mean over the 2N anchors of f(anchor, positive, all others but both, scaled similarity).</summary>
    private static double OverAnchors(double[][] z, double t, Func<int, int, int[], Func<int, double>, double> f)
    {
        var total = 0.0;
        for (var i = 0; i < z.Length; i++)
        {
            var anchor = i;
            var p = (i + z.Length / 2) % z.Length;
            var negatives = Enumerable.Range(0, z.Length).Where(j => j != anchor && j != p).ToArray();
            total += f(i, p, negatives, j => Dot(z[anchor], z[j]) / t);
        }

        return total / z.Length;
    }

    public static double NtXent(double[][] a, double[][] b, double t, bool normalize = true) =>
        OverAnchors(Stack(a, b, normalize), t, (_, p, negatives, s) => LogSumExp(negatives.Append(p).Select(s)) - s(p));

    public static double Dcl(double[][] a, double[][] b, double t, double? sigma = null)
    {
        var z = Stack(a, b);
        var n = a.Length;
        double Weight(int i)
        {
            if (sigma is null)
                return 1;
            double E(int k) => Math.Exp(Dot(z[k], z[k + n]) / sigma.Value);
            return 2 - n * E(i % n) / Enumerable.Range(0, n).Sum(E);
        }

        return OverAnchors(z, t, (i, p, negatives, s) => LogSumExp(negatives.Select(s)) - Weight(i) * s(p));
    }

    /// <summary>The authors' formula as it stands, with plain exponentials.</summary>
    public static double HardNegative(double[][] a, double[][] b, double t, double beta, double prior) =>
        OverAnchors(
            Stack(a, b),
            t,
            (_, p, negatives, s) =>
            {
                var n = negatives.Length;
                var importance = negatives.Select(j => Math.Exp(beta * s(j))).ToArray();
                var sum = negatives.Zip(importance, (j, w) => w * Math.Exp(s(j))).Sum() / importance.Average();
                var positive = Math.Exp(s(p));
                var corrected = Math.Max((sum - prior * n * positive) / (1 - prior), n * Math.Exp(-1 / t));
                return -Math.Log(positive / (positive + corrected));
            }
        );

    public static double SupCon(double[][] a, double[][] b, long[] labels, double t)
    {
        var n = a.Length;
        return OverAnchors(
            Stack(a, b),
            t,
            (i, p, negatives, s) =>
            {
                var others = negatives.Append(p).ToArray();
                var positives = others.Where(j => labels[j % n] == labels[i % n]).ToArray();
                return positives.Average(j => LogSumExp(others.Select(s)) - s(j));
            }
        );
    }

    /// <summary>Mean over the anchors of f(similarity to the positive, similarities to the other view's other images).</summary>
    private static double OverTriplets(double[][] a, double[][] b, Func<double, double[], double> f)
    {
        var n = a.Length;
        return OverAnchors(
            Stack(a, b),
            1,
            (i, p, negatives, s) => f(s(p), [.. negatives.Where(j => j / n != i / n).Select(s)])
        );
    }

    private static double MinusLogSigmoid(double x) => Math.Log(1 + Math.Exp(-x));

    public static double NtLogistic(double[][] a, double[][] b, double t, bool semiHard) =>
        OverTriplets(
            a,
            b,
            (positive, negatives) =>
            {
                var kept = semiHard
                    ? negatives.Where(v => v < positive).OrderDescending().Take(1).ToArray()
                    : negatives;
                return MinusLogSigmoid(positive / t)
                    + kept.Select(v => MinusLogSigmoid(-v / t)).DefaultIfEmpty(0).Average();
            }
        );

    public static double MarginTriplet(double[][] a, double[][] b, double margin, bool semiHard) =>
        OverTriplets(
            a,
            b,
            (positive, negatives) =>
            {
                var kept = semiHard
                    ? negatives.Where(v => v < positive && v > positive - margin).OrderDescending().Take(1).ToArray()
                    : negatives;
                return kept.Select(v => Math.Max(v - positive + margin, 0)).DefaultIfEmpty(0).Average();
            }
        );
}
