using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>What measurements are taken of. Encoder and head stay as they are, and their owner's.</summary>
/// <param name="Spec">How they were trained.</param>
/// <param name="Encoder">Images to h, on the device.</param>
/// <param name="Head">h to z, on the device.</param>
/// <param name="Evaluation">How representations are measured.</param>
/// <param name="Splits">The images.</param>
/// <param name="Device">Where to compute.</param>
public sealed record Pretrained(
    PretrainingSpec Spec,
    Encoder Encoder,
    ProjectionHead Head,
    EvaluationSpec Evaluation,
    ImageSplits Splits,
    Device Device
)
{
    /// <summary>Ends a measurement in progress.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The randomness of everything measured.</summary>
    public RandomStreams Streams { get; } = new(Spec.Seed);

    /// <summary>Crop and flip alone, to the size of the evaluation view: what supervised training uses (SimCLR, appendix B.5).</summary>
    public IView CropAndFlip(ImageSet images) =>
        new Sequence(new RandomResizedCrop(Evaluation.View.SideOf(images)), new HorizontalFlip());

    /// <summary>The encoder for evaluation.</summary>
    internal FrozenEncoder Frozen(bool withHead = false, IView? view = null) =>
        new(Encoder, Device, view ?? Evaluation.View, withHead ? Head : null);

    /// <summary>A classifier that begins with copies of the encoder and of the first layers of the head.</summary>
    internal ImageClassifier CopyAsClassifier(int headLayers, int classes, Generator weights)
    {
        var encoder = Copy(Encoder, Spec.Encoder.Create(Splits.Train.Channels, weights));
        var head = headLayers > 0 ? Copy(Head, Spec.Head.Create(encoder.FeatureSize, weights)) : null;
        return ImageClassifier.Of(encoder, head, headLayers, classes, Device, weights);
    }

    /// <summary>A linear probe of that metric, its strength chosen on a part of the training features.</summary>
    internal LinearProbeResult Probe(
        TrainFeatures train,
        TestFeatures test,
        ProbeMetric metric = ProbeMetric.Top1,
        IReadOnlyList<double>? strengths = null
    )
    {
        using var generator = Streams.At(RandomStreams.Evaluation, 0, CPU);
        return LinearProbe.Measure(
            metric,
            train,
            test,
            strengths ?? Evaluation.L2,
            Evaluation.ValidationFraction,
            generator
        );
    }

    private static T Copy<T>(T from, T to)
        where T : nn.Module
    {
        using var noGrad = no_grad();
        var target = to.state_dict();
        foreach (var (name, values) in from.state_dict())
            target[name].copy_(values);
        return to;
    }
}
