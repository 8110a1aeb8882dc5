using SimCLR.Core.Images;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Transfer to another data set (SimCLR, appendix B.8): a linear probe by L-BFGS whose strength is chosen on a part of its
/// training images, and fine-tuning of a copy of the encoder on crops and flips, its settings chosen on the same part.
/// </summary>
/// <param name="Splits">The other data set; stays its owner's.</param>
/// <param name="Metric">The one that is customary there.</param>
/// <param name="Strengths">L2 strengths to choose from (the paper: <see cref="PaperStrengths"/>).</param>
/// <param name="FineTunings">Settings to choose from; one is taken as it is; none: no fine-tuning. The paper: 20,000 steps of batch
/// 256, seven learning rates and eight weight decays.</param>
public sealed record Transfer(
    ImageSplits Splits,
    ProbeMetric Metric,
    IReadOnlyList<double> Strengths,
    IReadOnlyList<ClassifierSettings> FineTunings
) : IMeasurement
{
    /// <summary>45 strengths from 1e-6 to 1e5, logarithmically spaced (appendix B.8.1).</summary>
    public static IReadOnlyList<double> PaperStrengths { get; } =
    [.. Enumerable.Range(0, 45).Select(i => Math.Pow(10, -6 + i * 11.0 / 44))];

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        Check(pretrained);
        return [Linear(pretrained), .. FineTune(pretrained)];
    }

    private string MetricName =>
        Metric switch
        {
            ProbeMetric.PerClassMean => "mean per class",
            ProbeMetric.ElevenPointMap => "11-point mAP",
            _ => "top-1",
        };

    private Figure Linear(Pretrained pretrained)
    {
        var frozen = pretrained.Frozen();
        using var train = frozen.Train(Splits.Train);
        using var test = frozen.Test(Splits.Test);
        return new Figure($"linear {MetricName}", pretrained.Probe(train, test, Metric, Strengths).Top1);
    }

    private IEnumerable<Figure> FineTune(Pretrained pretrained)
    {
        if (FineTunings.Count == 0)
            yield break;
        var chosen = FineTunings.Count == 1 ? FineTunings[0] : Choose(pretrained);
        using var classifier = Train(pretrained, Splits.Train, chosen);
        yield return new Figure(
            $"fine-tuned {MetricName}",
            classifier.Measure(
                Metric,
                Splits.Test,
                pretrained.Evaluation.View,
                pretrained.Cancellation,
                pretrained.Ranks
            )
        );
    }

    /// <summary>The settings that are best on a part of the training images, trained on the rest; of equal ones the first.</summary>
    private ClassifierSettings Choose(Pretrained pretrained)
    {
        using var generator = pretrained.Streams.At("transfer validation", 0);
        var (fit, validation) = Splits.Train.SplitValidation(pretrained.Evaluation.ValidationFraction, generator);
        using (fit)
        using (validation)
            return FineTunings
                .Index()
                .MaxBy(tried =>
                {
                    var apart = pretrained with
                    {
                        Checkpointing = pretrained.Checkpointing?.In($"setting {tried.Index + 1}"),
                    };
                    using var classifier = Train(apart, fit, tried.Item);
                    return classifier.Measure(
                        Metric,
                        validation,
                        pretrained.Evaluation.View,
                        pretrained.Cancellation,
                        pretrained.Ranks
                    );
                })
                .Item;
    }

    internal static ImageClassifier Train(Pretrained pretrained, ImageSet images, ClassifierSettings settings)
    {
        using var weights = pretrained.Streams.At("transfer weights", 0);
        var classifier = pretrained.CopyAsClassifier(0, images.ClassNames.Count, weights);
        return ClassifierTrainee.Train(
            classifier,
            images,
            pretrained.CropAndFlip(images),
            settings,
            pretrained,
            "transfer"
        );
    }

    /// <inheritdoc/>
    public void Check(Pretrained beforeTraining)
    {
        var (here, there) = (beforeTraining.Splits.Train.Channels, Splits.Train.Channels);
        if (here != there)
            throw new ArgumentException(
                $"Transfer: the encoder was trained on images of {here} channels, but these have {there}; choose images of {here}."
            );
        if (Splits.Train.Targets is not null && Metric != ProbeMetric.ElevenPointMap)
            throw new ArgumentException(
                $"Transfer: the images show several classes each, which {MetricName} cannot measure; use 11-point mAP."
            );
        ClassCoverage.Check(Splits);
    }
}
