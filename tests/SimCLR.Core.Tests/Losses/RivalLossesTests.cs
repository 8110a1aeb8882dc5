using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

/// <summary>Values of the rivals of NT-Xent against scalar loops of their papers' formulas, and their limits.</summary>
public class RivalLossesTests
{
    private static double Value(
        ILoss loss,
        double[][] a,
        double[][] b,
        long[]? labels = null,
        ScalarType type = ScalarType.Float64
    )
    {
        using var scope = NewDisposeScope();
        return loss.Compute(Scalar.Tensor(a, type), Scalar.Tensor(b, type), labels is null ? null : tensor(labels))
            .ToDouble();
    }

    private static (double[][] A, double[][] B) Views(int n, int d) =>
        (Scalar.Random(n, d, 21), Scalar.Random(n, d, 22));

    [Theory]
    [InlineData(2, 3, 0.5, false)]
    [InlineData(9, 4, 0.1, false)]
    [InlineData(9, 4, 0.1, true)]
    [InlineData(20, 6, 1.0, true)]
    public void NtLogistic_equals_a_loop(int n, int d, double t, bool semiHard)
    {
        var (a, b) = Views(n, d);
        Assert.Equal(Scalar.NtLogistic(a, b, t, semiHard), Value(new NtLogistic(t, semiHard), a, b), 1e-12);
    }

    [Theory]
    [InlineData(2, 3, 0.0, false)]
    [InlineData(9, 4, 0.4, false)]
    [InlineData(9, 4, 0.4, true)]
    [InlineData(20, 6, 1.6, true)]
    public void MarginTriplet_equals_a_loop(int n, int d, double margin, bool semiHard)
    {
        var (a, b) = Views(n, d);
        Assert.Equal(
            Scalar.MarginTriplet(a, b, margin, semiHard),
            Value(new MarginTriplet(margin, semiHard), a, b),
            1e-12
        );
    }

    [Fact]
    public void Semi_hard_takes_the_closest_that_is_farther_than_the_positive()
    {
        // Angles of the views in degrees. Anchor A0 (0) has its positive at 60 (cosine 0.5) and negatives at 10 (0.985, too
        // close), 70 (0.342, semi-hard) and 100 (-0.174, not the closest): 0.342 - 0.5 + 0.4 = 0.242.
        static double[] At(double degrees) => [Math.Cos(degrees * Math.PI / 180), Math.Sin(degrees * Math.PI / 180)];
        double[][] a = [At(0), At(10), At(70), At(100)];
        double[][] b = [At(60), At(10), At(70), At(100)];
        // B0 (60): positive 0.5, negatives 10 (0.643, too close), 70 (0.985, too close), 100 (0.766, too close): none, 0.
        // A1, B1 (10): positive 1; in B: 60 (0.643), 70 (0.5), 100: 0.643 - 1 + 0.4 = 0.043; in A: 0 (0.985): 0.385.
        // A2, B2 (70): positive 1; in B: 60 (0.985): 0.385; in A: 100 (0.866): 0.266.
        // A3, B3 (100): positive 1; in B: 70 (0.866) 0.266; in A: 70: 0.266.
        double Cos(double degrees) => Math.Cos(degrees * Math.PI / 180);
        var sum = (Cos(70) - 0.1) + (Cos(50) - 0.6) + 2 * (Cos(10) - 0.6) + 3 * (Cos(30) - 0.6);
        Assert.Equal(sum / 8, Value(new MarginTriplet(0.4, SemiHard: true), a, b), 1e-12);
    }

    [Fact]
    public void Semi_hard_without_a_margin_is_refused() =>
        Assert.Throws<InvalidOperationException>(() =>
            Value(new MarginTriplet(0, SemiHard: true), Scalar.Random(3, 2, 1), Scalar.Random(3, 2, 2))
        );

    [Theory]
    [InlineData(2, 3, 0.5, null)]
    [InlineData(9, 4, 0.1, null)]
    [InlineData(9, 4, 0.1, 0.5)]
    public void Dcl_equals_a_loop(int n, int d, double t, double? sigma)
    {
        var (a, b) = Views(n, d);
        Assert.Equal(Scalar.Dcl(a, b, t, sigma), Value(new Dcl(t, sigma), a, b), 1e-11);
    }

    [Fact]
    public void Dcl_leaves_the_positive_out_of_the_denominator()
    {
        // Positives 1, negatives 0: ln(e^0 + e^0) - 1 = ln 2 - 1.
        double[][] views =
        [
            [1, 0],
            [0, 1],
        ];
        Assert.Equal(Math.Log(2) - 1, Value(new Dcl(1), views, views), 1e-14);
    }

    [Theory]
    [InlineData(0.5, 0.1)]
    [InlineData(0.5, 0.9)]
    [InlineData(0.1, 0.05)]
    [InlineData(1.0, 0.5)]
    public void Debiased_equals_the_authors_formula(double t, double prior)
    {
        var (a, b) = Views(8, 4);
        Assert.Equal(Scalar.HardNegative(a, b, t, 0, prior), Value(new Debiased(t, prior), a, b), 1e-11);
    }

    [Fact]
    public void Debiased_stops_at_the_floor()
    {
        // Equal views: e+ = e^2, both corrections are far below 0, so each denominator gets n e^-2 with n = 2: ln(1 + 2 e^-4).
        double[][] views =
        [
            [1, 0],
            [0, 1],
        ];
        Assert.Equal(Math.Log(1 + 2 * Math.Exp(-4)), Value(new Debiased(0.5, 0.9), views, views), 1e-13);
    }

    [Fact]
    public void Debiased_with_prior_0_is_NtXent()
    {
        var (a, b) = Views(8, 4);
        Assert.Equal(Scalar.NtXent(a, b, 0.3), Value(new Debiased(0.3, 0), a, b), 1e-12);
    }

    [Theory]
    [InlineData(0.5, 0.0, 0.1)]
    [InlineData(0.5, 1.0, 0.1)]
    [InlineData(0.2, 2.0, 0.0)]
    [InlineData(0.5, 0.5, 0.9)]
    public void HardNegative_equals_the_authors_formula(double t, double beta, double prior)
    {
        var (a, b) = Views(8, 4);
        Assert.Equal(Scalar.HardNegative(a, b, t, beta, prior), Value(new HardNegative(t, beta, prior), a, b), 1e-11);
    }

    [Fact]
    public void Exp_overflow_does_not_happen_at_a_temperature_of_one_hundredth()
    {
        // e^100 is beyond float32. The float64 reference still holds it.
        var (a, b) = Views(8, 4);
        Assert.Equal(
            Scalar.HardNegative(a, b, 0.01, 1, 0.1),
            Value(new HardNegative(0.01, 1, 0.1), a, b, null, ScalarType.Float32),
            1e-3
        );
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1.0)]
    public void SupCon_equals_a_loop(double t)
    {
        var (a, b) = Views(8, 4);
        long[] labels = [0, 1, 2, 0, 0, 1, 3, 2];
        Assert.Equal(Scalar.SupCon(a, b, labels, t), Value(new SupCon(t), a, b, labels), 1e-11);
    }

    [Fact]
    public void SupCon_with_all_distinct_labels_is_NtXent()
    {
        var (a, b) = Views(8, 4);
        Assert.Equal(Value(new NtXent(0.2), a, b), Value(new SupCon(0.2), a, b, [3, 1, 4, 15, 9, 2, 6, 5]), 1e-12);
    }

    [Fact]
    public void SupCon_without_labels_is_refused()
    {
        var (a, b) = Views(4, 3);
        Assert.Contains("NtXent", Assert.Throws<ArgumentNullException>(() => Value(new SupCon(), a, b)).Message);
        Assert.Throws<ArgumentException>(() => Value(new SupCon(), a, b, [1, 2, 3]));
    }
}
