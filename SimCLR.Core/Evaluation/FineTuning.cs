using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Fine-tuning of the whole encoder on a part of the labels (SimCLR, section 4 and appendix B.5), from a middle layer of
/// the projection head if asked for (v2, 2006.10029, section 2.2). A copy is trained, on crops and flips. The paper: 0.05 · B/256, batch
/// 4096, 60 epochs for 1% and 30 for 10% of the labels.
/// </summary>
/// <param name="Labels">Part of the training images, the same number of each class: above 0, up to 1 (full fine-tuning).</param>
/// <param name="FromHeadLayer">0: the classifier sees h; k: what the first k layers of the head make of it.</param>
/// <param name="Settings">How.</param>
public sealed record FineTuning(double Labels, int FromHeadLayer, ClassifierSettings Settings) : IMeasurement
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
        ClassifierTrainee.Check(Settings, images, "fine-tuning");
    }

    internal ImageClassifier Train(Pretrained pretrained)
    {
        using var images = LabelledPart.Of(pretrained, Labels);
        using var weights = pretrained.Streams.At("fine-tuning weights", 0);
        var classifier = pretrained.CopyAsClassifier(FromHeadLayer, images.ClassNames.Count, weights);
        return ClassifierTrainee.Train(
            classifier,
            images,
            pretrained.CropAndFlip(images),
            Settings,
            pretrained,
            "fine-tuning"
        );
    }
}
