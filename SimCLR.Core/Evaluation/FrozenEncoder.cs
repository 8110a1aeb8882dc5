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
    private const long BatchSize = 500;

    /// <summary>Representations of training images.</summary>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TrainFeatures Train(ImageSet images) =>
        new(Extract(images).DetachFromDisposeScope(), LabelsOf(images), images.ClassNames.Count);

    /// <summary>Representations of test images.</summary>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TestFeatures Test(ImageSet images) =>
        new(Extract(images).DetachFromDisposeScope(), LabelsOf(images), images.ClassNames.Count);

    /// <summary>Representations [N, D] of what is made of the evaluation view of each batch, [B, C, H, W].</summary>
    /// <param name="images">The images.</param>
    /// <param name="change">Given a batch and its number, counted from 0.</param>
    /// <exception cref="TrainingFailedException">Some are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal Tensor Extract(ImageSet images, Func<Tensor, long, Tensor>? change = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var encoderMode = new EvaluationMode(encoder);
        using var headMode = head is null ? null : new EvaluationMode(head);
        Tensor? features = null;
        for (var start = 0L; start < images.Count; start += BatchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            using var batchScope = NewDisposeScope();
            var count = Math.Min(BatchSize, images.Count - start);
            var bytes = images.Rows(start, count).to(device);
            var view = ViewBatch.FromBytes(bytes).Through(evaluationView);
            if (change is not null)
                view = change(view, start / BatchSize);
            var h = encoder.forward(MemoryLayout.ChannelsLast(view));
            var batch = head is null ? h : head.forward(h);
            features ??= empty(images.Count, batch.shape[1], device: device).MoveToOuterDisposeScope();
            features.narrow(0, start, count).copy_(batch);
        }
        Features.RequireFinite(features!);
        return features!.MoveToOuterDisposeScope();
    }

    private Tensor LabelsOf(ImageSet images) =>
        (images.Targets ?? images.Labels).to(device, copy: true).DetachFromDisposeScope();
}
