using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// The paper's linear evaluation on ImageNet (SimCLR, appendix B.6): a linear classifier by SGD on crops and flips of the
/// training images, the encoder frozen with batch norm in evaluation mode; measured on the evaluation view. The paper: 0.1 · B/256, batch
/// 4096, 90 epochs.
/// </summary>
/// <param name="Settings">How the classifier is trained.</param>
public sealed record LinearSgd(ClassifierSettings Settings) : IMeasurement
{
    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        using var classifier = Train(pretrained);
        return Accuracy.Of(classifier, pretrained);
    }

    /// <inheritdoc/>
    public void Check(Pretrained beforeTraining) =>
        ClassifierTrainee.Check(Settings, beforeTraining.Splits.Train, "linear SGD");

    internal ImageClassifier Train(Pretrained pretrained)
    {
        var train = pretrained.Splits.Train;
        using var weights = pretrained.Streams.At("linear SGD weights", 0);
        var classifier = ImageClassifier.OnFrozen(
            pretrained.Encoder,
            train.ClassNames.Count,
            pretrained.Device,
            weights
        );
        return ClassifierTrainee.Train(
            classifier,
            train,
            pretrained.CropAndFlip(train),
            Settings,
            pretrained,
            "linear SGD"
        );
    }
}
