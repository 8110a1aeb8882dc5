using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class PermutationTestTests
{
    private const int Samples = 20_000;

    private static double PValue(bool[] a, bool[] b, long[]? labels = null, int samples = Samples)
    {
        using var generator = new RandomStreams(0).At("test", 0);
        return PermutationTest.PValue(a, b, generator, labels, samples);
    }

    /// <summary>Four standard deviations of a share of the samples.</summary>
    private static double Tolerance(double p) => 4 * Math.Sqrt(p * (1 - p) / Samples) + 2.0 / Samples;

    [Theory]
    [InlineData(1, 5)]
    [InlineData(3, 9)]
    [InlineData(10, 25)]
    [InlineData(40, 44)]
    public void Its_limit_for_top_1_is_McNemars_exact_test(int onlyA, int onlyB)
    {
        var (a, b) = McNemarTests.Answers(onlyA, onlyB, both: 20, neither: 5);
        var expected = McNemar.PValue(a, b);
        Assert.Equal(expected, PValue(a, b), Tolerance(expected));
        Assert.Equal(expected, PValue(b, a), Tolerance(expected));
    }

    [Fact]
    public void Of_the_mean_per_class_it_is_what_all_exchanges_together_give()
    {
        // The first model is better in the large class and in a small one, the second in the other small one.
        bool[] a = [true, true, true, true, false, true, true, true, false, true];
        bool[] b = [false, false, false, false, false, true, false, true, true, true];
        long[] labels = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2];
        double PerClass(Func<int, bool> answers) =>
            labels
                .Distinct()
                .Average(label =>
                    Enumerable.Range(0, 10).Where(i => labels[i] == label).Average(i => answers(i) ? 1.0 : 0)
                );
        double Difference(int exchanged)
        {
            bool Swaps(int i) => (exchanged >> i & 1) == 1;
            return Math.Abs(PerClass(i => Swaps(i) ? b[i] : a[i]) - PerClass(i => Swaps(i) ? a[i] : b[i]));
        }
        var found = Difference(0) - 1e-12;
        var expected = Enumerable.Range(0, 1024).Count(exchanged => Difference(exchanged) >= found) / 1024.0;
        Assert.InRange(expected, 0.05, 0.95);
        Assert.Equal(expected, PValue(a, b, labels), Tolerance(expected));
        Assert.NotEqual(McNemar.PValue(a, b), PValue(a, b, labels), Tolerance(expected));
    }

    [Fact]
    public void It_is_never_0_and_is_1_where_the_models_do_not_differ()
    {
        var (a, b) = McNemarTests.Answers(200, 0);
        Assert.Equal(1.0 / (1 + 500), PValue(a, b, samples: 500), 1e-12);
        Assert.Equal(1, PValue(a, a, samples: 500));
    }

    [Fact]
    public void Answers_of_other_images_and_no_samples_are_refused()
    {
        Assert.Throws<ArgumentException>(() => PValue([true, false], [true]));
        Assert.Throws<ArgumentException>(() => PValue([true, false], [true, true], [0]));
        Assert.Contains(
            "samples is 0",
            Assert.Throws<ArgumentException>(() => PValue([true], [false], samples: 0)).Message
        );
    }
}
