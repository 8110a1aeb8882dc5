using System.Numerics;
using SimCLR.Core.Evaluation;

namespace SimCLR.Core.Tests.Evaluation;

public class McNemarTests
{
    /// <summary>Answers of two models: so many that only the first has right, only the second, both, neither.</summary>
    internal static (bool[] A, bool[] B) Answers(int onlyA, int onlyB, int both = 0, int neither = 0)
    {
        var kinds = new[] { (onlyA, true, false), (onlyB, false, true), (both, true, true), (neither, false, false) };
        var answers = kinds.SelectMany(kind => Enumerable.Repeat((kind.Item2, kind.Item3), kind.Item1)).ToList();
        return ([.. answers.Select(pair => pair.Item1)], [.. answers.Select(pair => pair.Item2)]);
    }

    private static double PValue(int onlyA, int onlyB, int both = 0, int neither = 0)
    {
        var (a, b) = Answers(onlyA, onlyB, both, neither);
        return McNemar.PValue(a, b);
    }

    [Theory]
    [InlineData(1, 5, 2 * (1 + 6) / 64.0)]
    [InlineData(0, 6, 2 / 64.0)]
    [InlineData(2, 8, 2 * (1 + 10 + 45) / 1024.0)]
    [InlineData(3, 3, 1)]
    [InlineData(3, 4, 1)]
    [InlineData(0, 1, 1)]
    [InlineData(0, 0, 1)]
    public void The_p_value_is_twice_the_binomial_tail(int onlyA, int onlyB, double expected)
    {
        Assert.Equal(expected, PValue(onlyA, onlyB), 1e-12);
        Assert.Equal(expected, PValue(onlyB, onlyA), 1e-12);
        Assert.Equal(expected, PValue(onlyA, onlyB, both: 90, neither: 7), 1e-12);
    }

    [Theory]
    [InlineData(480, 520)]
    [InlineData(2900, 3100)]
    [InlineData(700, 1300)]
    public void Many_images_do_not_underflow(int onlyA, int onlyB)
    {
        // In whole numbers: 2 · Σ (n over i) / 2^n.
        var (n, term, sum) = (onlyA + onlyB, BigInteger.One, BigInteger.Zero);
        for (var i = 0; i <= Math.Min(onlyA, onlyB); i++)
        {
            sum += term;
            term = term * (n - i) / (i + 1);
        }
        var expected = Math.Exp(BigInteger.Log(2 * sum) - n * Math.Log(2));
        Assert.Equal(1, PValue(onlyA, onlyB) / expected, 1e-9);
    }

    [Fact]
    public void Answers_of_other_images_are_refused() =>
        Assert.Contains(
            "One model has 2 answers, the other 1",
            Assert.Throws<ArgumentException>(() => McNemar.PValue([true, false], [true])).Message
        );
}
