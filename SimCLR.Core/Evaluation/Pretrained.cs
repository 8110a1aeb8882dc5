using SimCLR.Core.Distributed;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// What measurements are taken of. Encoder and head stay as they are, and their owner's. The representations h of training and test
/// images are computed when a measurement first asks for them and kept for the others, and for copies made by <c>with</c>, until this is
/// disposed: N · D · 4 bytes on the device, 10.5 GB for ImageNet's 1.28 million images with D = 2048. They are computed anew if the
/// encoder has been trained in between.
/// </summary>
/// <param name="Spec">How they were trained.</param>
/// <param name="Encoder">The encoder, images to h, on the device.</param>
/// <param name="Head">The projection head, h to z, on the device.</param>
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
) : IDisposable
{
    private readonly FeatureCache features = new();

    /// <summary>Ends a measurement in progress: before the next batch, iteration or step.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>What is told, in words, what a figure should be read with, such as a probe that did not converge.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Takes up and keeps the trainings of the measurement being taken, each in a folder below of its name; null: they are not kept. Finished
    /// ones stay too, so that a measurement that is taken up repeats none of a few seconds or more: delete the folder once it is done.</summary>
    public Checkpointing? Checkpointing { get; init; }

    /// <summary>What is told of every logging interval of trainings of the measurement.</summary>
    public Action<TrainingProgress>? Report { get; init; }

    /// <summary>Who measures: every rank takes the same measurements, and has the same figures.</summary>
    public ICollective Ranks { get; init; } = Alone.Instance;

    /// <summary>The randomness of everything measured.</summary>
    public RandomStreams Streams { get; } = new(Spec.Seed);

    /// <summary>The same for one measurement; the representations are shared.</summary>
    /// <param name="checkpointing">Takes up and keeps its trainings.</param>
    /// <param name="report">Told of their logging intervals.</param>
    public Pretrained For(Checkpointing? checkpointing, Action<TrainingProgress>? report) =>
        this with
        {
            Checkpointing = checkpointing,
            Report = report,
        };

    /// <summary>The same, measured by those ranks together; the representations are shared.</summary>
    public Pretrained On(ICollective ranks) => this with { Ranks = ranks };

    /// <summary>Crop and flip alone, to the size of the evaluation view and normalized as it is: what supervised training uses (SimCLR, appendix B.5).</summary>
    public IView CropAndFlip(ImageSet images)
    {
        IView[] steps = [new RandomResizedCrop(Evaluation.Picture.SideOf(images)), new HorizontalFlip()];
        return new Sequence(Evaluation.Normalization is { } last ? [.. steps, last] : steps);
    }

    /// <summary>Representations h of the training images. They are kept: measurements do not dispose them.</summary>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TrainFeatures TrainFeatures() => features.Train(this);

    /// <summary>Representations h of the test images. They are kept: measurements do not dispose them.</summary>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TestFeatures TestFeatures() => features.Test(this);

    /// <summary>Some test images' h, for maps.</summary>
    /// <exception cref="TrainingFailedException">Some features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public FeatureSample Sample() => FeatureSample.Of(TestFeatures(), Splits.Test);

    /// <summary>Lets the representations go; they are computed again if asked for.</summary>
    public void Dispose() => features.Dispose();

    /// <summary>The encoder for evaluation.</summary>
    internal FrozenEncoder Frozen(bool withHead = false, IView? view = null) =>
        new(Encoder, Device, view ?? Evaluation.View, withHead ? Head : null, Cancellation) { Ranks = Ranks };

    /// <summary>The number format that encoders are trained in.</summary>
    internal Precision ResolvedPrecision => Autocast.Resolve(Spec.Precision, Device);

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
        using var generator = Streams.At(RandomStreams.Evaluation, 0);
        return LinearProbe.Measure(
            metric,
            train,
            test,
            strengths ?? Evaluation.L2,
            Evaluation.ValidationFraction,
            generator,
            Warn,
            Cancellation
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
