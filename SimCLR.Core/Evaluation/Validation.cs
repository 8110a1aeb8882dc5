using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>An encoder in training, and a part of the training images in two: some to fit to, others held out. Representations are computed when they are first
/// asked for. There are no test images here.</summary>
/// <param name="spec">How it is trained.</param>
/// <param name="networks">Encoder and head, on the device; they stay their owner's.</param>
/// <param name="evaluation">How representations are made of images.</param>
/// <param name="fit">Images to fit to.</param>
/// <param name="images">Images that are held out.</param>
/// <param name="device">Where to compute.</param>
/// <param name="cancellation">Ends a measurement in progress.</param>
public sealed class Validation(
    PretrainingSpec spec,
    Networks networks,
    EvaluationSpec evaluation,
    ImageSet fit,
    ImageSet images,
    Device device,
    CancellationToken cancellation = default
) : IDisposable
{
    private TrainFeatures? fitted;
    private ValidationFeatures? heldOut;

    /// <summary>How it is trained.</summary>
    public PretrainingSpec Spec => spec;

    /// <summary>The images that are held out.</summary>
    public ImageSet Images => images;

    /// <summary>The randomness of everything measured: the same at every look.</summary>
    public RandomStreams Streams { get; } = new(spec.Seed);

    /// <summary>Ends a measurement in progress.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Representations h of the images to fit to. They are kept: measurements do not dispose them.</summary>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TrainFeatures Fit() => fitted ??= Frozen().Train(fit);

    /// <summary>Representations h of the images that are held out. They are kept: measurements do not dispose them.</summary>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ValidationFeatures HeldOut() => heldOut ??= Frozen().Validation(images);

    /// <inheritdoc/>
    public void Dispose()
    {
        fitted?.Dispose();
        heldOut?.Dispose();
    }

    /// <summary>The encoder for evaluation.</summary>
    internal FrozenEncoder Frozen(bool withHead = false, IView? view = null) =>
        new(networks.Encoder, device, view ?? evaluation.View, withHead ? networks.Head : null, cancellation);
}
