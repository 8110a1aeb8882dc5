using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Metrics of classifiers' scores; each is a fraction, 0 to 1.</summary>
public static class Metrics
{
    /// <summary>The metric of that name.</summary>
    /// <param name="metric">Which.</param>
    /// <param name="scores">[N, C]; the higher, the surer.</param>
    /// <param name="labels">[N], int64; for <see cref="ProbeMetric.ElevenPointMap"/> also [N, C]: 1 shown, -1 not shown, 0 not
    /// counted.</param>
    /// <exception cref="ArgumentException">The labels do not fit the metric.</exception>
    public static double Score(ProbeMetric metric, Tensor scores, Tensor labels) =>
        metric switch
        {
            ProbeMetric.Top1 => TopK(scores, labels, 1),
            ProbeMetric.PerClassMean => PerClassMean(scores, labels),
            ProbeMetric.ElevenPointMap => ElevenPointMap(scores, labels),
            _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "There is no such metric."),
        };

    /// <summary>How often the right class is among the k with the highest scores.</summary>
    /// <param name="scores">[N, C]; the higher, the surer.</param>
    /// <param name="labels">[N], int64.</param>
    /// <param name="k">1 to C.</param>
    /// <exception cref="ArgumentException">The labels are not [N], or k is not 1 to C.</exception>
    public static double TopK(Tensor scores, Tensor labels, int k)
    {
        CheckSingle(scores, labels);
        if (k < 1 || k > scores.shape[1])
            throw new ArgumentOutOfRangeException(
                nameof(k),
                k,
                $"k is {k}, but there are {scores.shape[1]} classes; use 1 to {scores.shape[1]}."
            );
        using var scope = NewDisposeScope();
        var best = scores.topk(k, 1).indexes;
        return best.eq(labels.unsqueeze(1)).any(1).to_type(ScalarType.Float64).mean().ToDouble();
    }

    /// <summary>Accuracy of each class that has images, then their mean: every class weighs the same.</summary>
    /// <param name="scores">[N, C]; the higher, the surer.</param>
    /// <param name="labels">[N], int64.</param>
    /// <exception cref="ArgumentException">The labels are not [N].</exception>
    public static double PerClassMean(Tensor scores, Tensor labels)
    {
        CheckSingle(scores, labels);
        using var scope = NewDisposeScope();
        var correct = scores.argmax(1).eq(labels).to_type(ScalarType.Float64);
        var hits = zeros(scores.shape[1], ScalarType.Float64, scores.device).index_add_(0, labels, correct, 1);
        var counts = zeros_like(hits).index_add_(0, labels, ones_like(correct), 1);
        return ((hits / counts.clamp_min(1)).sum() / counts.gt(0).sum()).ToDouble();
    }

    /// <summary>
    /// Mean over classes of the average precision of PASCAL VOC 2007 (Everingham et al. 2010, section 4.2): the mean over the recalls
    /// 0, 0.1, …, 1 of the greatest precision at that recall or more. Images that are not to be counted for a class are left
    /// out of its ranking; classes shown by no image are left out of the mean. Equal scores rank in the order of the images.
    /// </summary>
    /// <param name="scores">[N, C].</param>
    /// <param name="labels">[N, C], int64: 1 shown, -1 not shown, 0 not counted; or [N]: one class each.</param>
    /// <exception cref="ArgumentException">The labels are of another shape, or no image shows a class.</exception>
    public static double ElevenPointMap(Tensor scores, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var targets = labels.dim() == 2 ? labels : nn.functional.one_hot(labels, scores.shape[1]) * 2 - 1;
        if (!targets.shape.SequenceEqual(scores.shape))
            throw new ArgumentException(
                $"Targets must be [{string.Join(", ", scores.shape)}] as the scores are, not [{string.Join(", ", targets.shape)}]."
            );
        var byClass = scores.to_type(ScalarType.Float64).t().contiguous().cpu();
        var shown = targets.t().contiguous().cpu();
        var precisions = Enumerable
            .Range(0, (int)scores.shape[1])
            .Select(c => AveragePrecision(byClass[c].data<double>().ToArray(), shown[c].data<long>().ToArray()))
            .OfType<double>()
            .ToList();
        return precisions.Count > 0
            ? precisions.Average()
            : throw new ArgumentException("No class is shown by any image: there is nothing to average over.");
    }

    private static double? AveragePrecision(double[] scores, long[] targets)
    {
        var ranked = Enumerable
            .Range(0, scores.Length)
            .Where(i => targets[i] != 0)
            .OrderByDescending(i => scores[i]) // stable
            .ToList();
        var positives = targets.Count(target => target > 0);
        if (positives == 0)
            return null;
        var best = new double[11];
        var found = 0;
        for (var rank = 1; rank <= ranked.Count; rank++)
        {
            found += targets[ranked[rank - 1]] > 0 ? 1 : 0;
            // In whole numbers: 10 · recall >= r, which rounding would decide otherwise.
            for (var r = 0; r <= 10 && 10L * found >= (long)r * positives; r++)
                best[r] = Math.Max(best[r], (double)found / rank);
        }
        return best.Average();
    }

    private static void CheckSingle(Tensor scores, Tensor labels)
    {
        if (scores.dim() != 2 || labels.dim() != 1 || labels.shape[0] != scores.shape[0])
            throw new ArgumentException(
                $"Scores are [{string.Join(", ", scores.shape)}] and labels [{string.Join(", ", labels.shape)}]: this metric needs [N, C] "
                    + "and one label per image, [N]. Images that show several classes are measured by 11-point mAP."
            );
    }
}
