using SimCLR.Core.Training;
using TorchSharp;

namespace SimCLR.Core.Evaluation;

/// <summary>Accuracies of a classifier on the test images.</summary>
internal static class Accuracy
{
    private const int Five = 5;

    /// <summary>"top-1", and "top-5" where there are more than five classes.</summary>
    internal static IReadOnlyList<Figure> Of(ImageClassifier classifier, Pretrained pretrained)
    {
        using var scope = torch.NewDisposeScope();
        var test = pretrained.Splits.Test;
        var scores = classifier.Scores(test, pretrained.Evaluation.View, pretrained.Cancellation, pretrained.Ranks);
        var labels = test.Labels.to(pretrained.Device);
        var top1 = new Figure("top-1", Metrics.TopK(scores, labels, 1));
        return test.ClassNames.Count > Five ? [top1, new Figure("top-5", Metrics.TopK(scores, labels, Five))] : [top1];
    }
}
