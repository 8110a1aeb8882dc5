using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// The same encoder from the same first weights, trained with labels and cross-entropy on the run's first view (SimCLR,
/// table 1; on a part of the labels, table 7).
/// </summary>
/// <param name="Labels">Part of the training images, the same number of each class: above 0, up to 1.</param>
/// <param name="Settings">How.</param>
public sealed record SupervisedBaseline(double Labels, ClassifierSettings Settings) : IMeasurement
{
    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        using var classifier = Train(pretrained);
        return Accuracy.Of(classifier, pretrained);
    }

    /// <inheritdoc/>
    public void Check(Pretrained beforeTraining)
    {
        using var images = LabelledPart.Of(beforeTraining, Labels);
        ClassifierTrainee.Check(Settings, images, "supervised");
    }

    internal ImageClassifier Train(Pretrained pretrained)
    {
        using var images = LabelledPart.Of(pretrained, Labels);
        using var first = pretrained.Streams.At(RandomStreams.Weights, 0);
        using var weights = pretrained.Streams.At("supervised weights", 0);
        var classifier = ImageClassifier.Of(
            pretrained.Spec.CreateEncoder(images.Channels, first),
            null,
            0,
            images.ClassNames.Count,
            pretrained.Device,
            weights
        );
        return ClassifierTrainee.Train(classifier, images, pretrained.Spec.ViewA, Settings, pretrained, "supervised");
    }
}
