using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class MetricsTests
{
    private static Tensor Labels(params long[] labels) => tensor(labels);

    /// <summary>Scores of one class, best first, so that the targets stand in the order of the ranking.</summary>
    private static double AveragePrecision(params long[] ranked) =>
        Metrics.ElevenPointMap(
            linspace(1, 0, ranked.Length, ScalarType.Float64).unsqueeze(1),
            tensor(ranked).unsqueeze(1)
        );

    [Fact]
    public void Top_1_and_top_5_by_hand()
    {
        using var scope = NewDisposeScope();
        // Image i ranks the classes 0 to 6 in the order i, i + 1, ...
        var scores = tensor(
            Enumerable.Range(0, 4 * 7).Select(at => -(float)((at % 7 - at / 7 + 7) % 7)).ToArray(),
            [4, 7]
        );
        // Ranks of the right class: 1, 5, 6, 7.
        var labels = Labels(0, 5, 0, 2);
        Assert.Equal(0.25, Metrics.TopK(scores, labels, 1));
        Assert.Equal(0.5, Metrics.TopK(scores, labels, 5));
        Assert.Equal(0.75, Metrics.TopK(scores, labels, 6));
        Assert.Equal(1, Metrics.TopK(scores, labels, 7));
        Assert.Equal(0.25, Metrics.Score(ProbeMetric.Top1, scores, labels));
    }

    [Fact]
    public void The_mean_per_class_weighs_a_rare_class_as_a_frequent_one()
    {
        using var scope = NewDisposeScope();
        // Class 0: 3 of 4 right; class 1: 0 of 1; class 2: 1 of 1; class 3 has no image. Top-1 would be 4/6.
        var guesses = Labels(0, 0, 0, 1, 0, 2);
        var labels = Labels(0, 0, 0, 0, 1, 2);
        var scores = nn.functional.one_hot(guesses, 4).to_type(ScalarType.Float32);
        Assert.Equal((0.75 + 0 + 1) / 3, Metrics.PerClassMean(scores, labels), 1e-12);
        Assert.Equal((0.75 + 0 + 1) / 3, Metrics.Score(ProbeMetric.PerClassMean, scores, labels), 1e-12);
    }

    [Fact]
    public void Eleven_point_precision_by_hand()
    {
        using var scope = NewDisposeScope();
        // Precisions 1/1, 2/3, 3/4 at the recalls 1/3, 2/3, 1. At 0, 0.1, 0.2, 0.3 the greatest to the right is 1, from 0.4 to 1 it is 3/4.
        Assert.Equal((4 * 1 + 7 * 0.75) / 11, AveragePrecision(1, -1, 1, 1, -1), 1e-12);
        // Recall 0.5 is reached at rank 2 of 4, recall 1 at the end: 6 points of 1/2, then 5 of 1/2.
        Assert.Equal(0.5, AveragePrecision(-1, 1, -1, 1), 1e-12);
        // Ten positives, all first: recall 0.1 · rank, exactly at the eleven points.
        Assert.Equal(1, AveragePrecision([.. Enumerable.Repeat(1L, 10), .. Enumerable.Repeat(-1L, 5)]), 1e-12);
        // The only positive is last of 5.
        Assert.Equal(0.2, AveragePrecision(-1, -1, -1, -1, 1), 1e-12);
    }

    [Fact]
    public void What_is_not_to_be_counted_is_left_out_of_the_ranking()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(AveragePrecision(1, -1, 1), AveragePrecision(0, 1, 0, -1, 0, 1, 0), 1e-12);
    }

    [Fact]
    public void The_mean_over_classes_leaves_out_those_that_no_image_shows()
    {
        using var scope = NewDisposeScope();
        var scores = tensor(new[] { 0.9, 0.1, 0.5, 0.8, 0.2, 0.5, 0.1, 0.9, 0.5 }, [3, 3]);
        // Class 0: shown, not, shown: 1 to recall 1/2 (6 points), then 2/3 (5). Class 1: best image of three shown: 1.
        var targets = tensor(new long[] { 1, -1, -1, -1, -1, -1, 1, 1, 0 }, [3, 3]);
        Assert.Equal(((6 + 5 * 2.0 / 3) / 11 + 1) / 2, Metrics.ElevenPointMap(scores, targets), 1e-12);
        Assert.Throws<ArgumentException>(() => Metrics.ElevenPointMap(scores, zeros_like(targets)));
    }

    [Fact]
    public void Eleven_point_precision_is_that_of_its_definition()
    {
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(0).At("test", 0);
        var scores = rand(50, 4, ScalarType.Float64, generator: generator);
        var targets = randint(-1, 2, [50, 4], ScalarType.Int64, generator: generator);
        var expected = Enumerable.Range(0, 4).Average(c => Definition(scores.select(1, c), targets.select(1, c)));
        Assert.Equal(expected, Metrics.ElevenPointMap(scores, targets), 1e-12);
    }

    /// <summary>max over thresholds with recall at least r of the precision, for each r, by counting.</summary>
    private static double Definition(Tensor scores, Tensor targets)
    {
        var images = scores
            .contiguous()
            .data<double>()
            .Zip(targets.contiguous().data<long>(), (score, target) => (score, target))
            .Where(image => image.target != 0)
            .ToList();
        var positives = images.Count(image => image.target > 0);
        var curve = images
            .Select(threshold => images.Where(image => image.score >= threshold.score).ToList())
            .Select(taken => (Hits: taken.Count(image => image.target > 0), All: taken.Count))
            .ToList();
        return Enumerable
            .Range(0, 11)
            .Average(r =>
                curve.Where(point => 10 * point.Hits >= r * positives).Max(point => (double)point.Hits / point.All)
            );
    }

    [Fact]
    public void Labels_and_k_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        var scores = zeros(3, 4);
        foreach (var k in new[] { 0, 5 })
            Assert.Contains(
                "use 1 to 4",
                Assert.Throws<ArgumentOutOfRangeException>(() => Metrics.TopK(scores, Labels(0, 1, 2), k)).Message
            );
        var several = ones_like(scores).to_type(ScalarType.Int64);
        Assert.Contains(
            "11-point mAP",
            Assert.Throws<ArgumentException>(() => Metrics.PerClassMean(scores, several)).Message
        );
        Assert.Throws<ArgumentException>(() => Metrics.TopK(scores, Labels(0, 1), 1));
        Assert.Contains(
            "Targets must be [3, 4]",
            Assert.Throws<ArgumentException>(() => Metrics.ElevenPointMap(scores, several.narrow(0, 0, 2))).Message
        );
    }
}
