using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>An encoder for evaluation: no gradient, batch norm with its running statistics, which stay as they are.</summary>
/// <param name="encoder">Images to h; stays its owner's.</param>
/// <param name="device">Where it lies.</param>
/// <param name="evaluationView">Applied to every image, the same way each time.</param>
/// <param name="head">With a head, features are z = g(h) instead of h.</param>
public sealed class FrozenEncoder(Encoder encoder, Device device, IView evaluationView, ProjectionHead? head = null)
{
    private const long BatchSize = 500;

    /// <summary>Representations of training images.</summary>
    public TrainFeatures Train(ImageSet images) => new(Extract(images), LabelsOf(images), images.ClassNames.Count);

    /// <summary>Representations of test images.</summary>
    public TestFeatures Test(ImageSet images) => new(Extract(images), LabelsOf(images), images.ClassNames.Count);

    /// <summary>Representations [N, D] of what is made of the evaluation view of each batch, [B, C, H, W].</summary>
    /// <param name="images">The images.</param>
    /// <param name="change">Given a batch and its number, counted from 0.</param>
    internal Tensor Extract(ImageSet images, Func<Tensor, long, Tensor>? change = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var encoderMode = new EvaluationMode(encoder);
        using var headMode = head is null ? null : new EvaluationMode(head);
        var parts = new List<Tensor>();
        for (var start = 0L; start < images.Count; start += BatchSize)
        {
            using var batchScope = NewDisposeScope();
            var bytes = images.Images.narrow(0, start, Math.Min(BatchSize, images.Count - start)).to(device);
            var view = Views.ViewBatch.FromBytes(bytes).Through(evaluationView);
            if (change is not null)
                view = change(view, start / BatchSize);
            var h = encoder.forward(MemoryLayout.ChannelsLast(view));
            parts.Add((head is null ? h : head.forward(h)).alias().MoveToOuterDisposeScope());
        }
        return cat(parts).DetachFromDisposeScope();
    }

    private Tensor LabelsOf(ImageSet images) =>
        (images.Targets ?? images.Labels).to(device, copy: true).DetachFromDisposeScope();
}

/// <summary>Puts a module into evaluation mode until disposed.</summary>
internal sealed class EvaluationMode : IDisposable
{
    private readonly nn.Module module;
    private readonly bool wasTraining;

    internal EvaluationMode(nn.Module module)
    {
        (this.module, wasTraining) = (module, module.training);
        module.eval();
    }

    public void Dispose() => module.train(wasTraining);
}
