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

/// <summary>An encoder for evaluation: no gradient, batch norm with its running statistics, which stay as they are.</summary>
/// <param name="encoder">Images to h; stays its owner's.</param>
/// <param name="device">Where it lies.</param>
/// <param name="evaluationView">Applied to every image, the same way each time.</param>
/// <param name="head">With a head, features are z = g(h) instead of h.</param>
/// <param name="cancellation">Ends an extraction before its next batch of 500 images.</param>
public sealed class FrozenEncoder(
    Encoder encoder,
    Device device,
    IView evaluationView,
    ProjectionHead? head = null,
    CancellationToken cancellation = default
)
{
    /// <summary>Who computes with it: each batch is one rank's, and all call it alike.</summary>
    internal ICollective Ranks { get; init; } = Alone.Instance;

    /// <summary>Representations of training images.</summary>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TrainFeatures Train(ImageSet images) =>
        new(Extract(images).DetachFromDisposeScope(), LabelsOf(images), images.ClassNames.Count) { Ranks = Ranks };

    /// <summary>Representations of images that something is chosen on.</summary>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ValidationFeatures Validation(ImageSet images) =>
        new(Extract(images).DetachFromDisposeScope(), LabelsOf(images), images.ClassNames.Count);

    /// <summary>Representations of test images.</summary>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TestFeatures Test(ImageSet images) =>
        new(Extract(images).DetachFromDisposeScope(), LabelsOf(images), images.ClassNames.Count) { Ranks = Ranks };

    /// <summary>Representations [N, D] of what is made of the evaluation view of each batch, [B, C, H, W].</summary>
    /// <param name="images">The images.</param>
    /// <param name="change">Given a batch of <see cref="SharedRows.BatchSize"/> and its number, counted from 0; of several ranks each has some.</param>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal Tensor Extract(ImageSet images, Func<Tensor, long, Tensor>? change = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var encoderMode = new EvaluationMode(encoder);
        using var headMode = head is null ? null : new EvaluationMode(head);
        var features = SharedRows.Of(Ranks, images, device, Embed, cancellation);
        Features.RequireFinite(features);
        return features.MoveToOuterDisposeScope();

        Tensor Embed(Tensor bytes, long batch)
        {
            var view = ViewBatch.FromBytes(bytes).Through(evaluationView);
            if (change is not null)
                view = change(view, batch);
            var h = encoder.forward(MemoryLayout.ChannelsLast(view));
            return head is null ? h : head.forward(h);
        }
    }

    private Tensor LabelsOf(ImageSet images) =>
        (images.Targets ?? images.Labels).to(device, copy: true).DetachFromDisposeScope();
}
