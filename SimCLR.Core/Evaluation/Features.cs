using SimCLR.Core.Encoders;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Representations of images, with labels.</summary>
/// <param name="H">[N, D], float32.</param>
/// <param name="Labels">[N], int64.</param>
/// <param name="Classes">Number of classes.</param>
public abstract record Features(Tensor H, Tensor Labels, int Classes) : IDisposable
{
    /// <summary>Number of images.</summary>
    public long Count => H.shape[0];

    /// <inheritdoc/>
    public void Dispose()
    {
        H.Dispose();
        Labels.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Features that a classifier is fitted to.</summary>
public sealed record TrainFeatures(Tensor H, Tensor Labels, int Classes) : Features(H, Labels, Classes)
{
    /// <summary>Holds a part of every class out, to choose on.</summary>
    /// <param name="fraction">Part held out, between 0 and 1; at least one image of each class that has two.</param>
    /// <param name="generator">Draws which, on the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of range.</exception>
    public (TrainFeatures Fit, ValidationFeatures Validation) HoldOut(double fraction, Generator generator)
    {
        using var scope = NewDisposeScope();
        var (kept, held) = Subsets.HoldOut(Labels, fraction, generator);
        return (
            new TrainFeatures(Pick(H, kept), Pick(Labels, kept), Classes),
            new ValidationFeatures(Pick(H, held), Pick(Labels, held), Classes)
        );
    }

    private static Tensor Pick(Tensor values, Tensor indices) =>
        values.index_select(0, indices).MoveToOuterDisposeScope();
}

/// <summary>Features that a strength, a k or an epoch is chosen on: never the test split.</summary>
public sealed record ValidationFeatures(Tensor H, Tensor Labels, int Classes) : Features(H, Labels, Classes);

/// <summary>Features that a result is measured on. Nothing that chooses takes them.</summary>
public sealed record TestFeatures(Tensor H, Tensor Labels, int Classes) : Features(H, Labels, Classes);

/// <summary>An encoder for evaluation: no gradient, batch norm with its running statistics, which stay as they are.</summary>
public sealed class FrozenEncoder(Encoder encoder, Device device, IView evaluationView)
{
    private const long BatchSize = 500;

    /// <summary>Representations of training images.</summary>
    public TrainFeatures Train(ImageSet images) => new(Extract(images), LabelsOf(images), images.ClassNames.Count);

    /// <summary>Representations of test images.</summary>
    public TestFeatures Test(ImageSet images) => new(Extract(images), LabelsOf(images), images.ClassNames.Count);

    private Tensor LabelsOf(ImageSet images) => images.Labels.to(device, copy: true).DetachFromDisposeScope();

    private Tensor Extract(ImageSet images)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wasTraining = encoder.training;
        encoder.eval();
        try
        {
            var parts = new List<Tensor>();
            for (var start = 0L; start < images.Count; start += BatchSize)
            {
                using var rows = images.Rows(start, Math.Min(BatchSize, images.Count - start));
                parts.Add(ExtractBatch(rows));
            }
            return cat(parts).DetachFromDisposeScope();
        }
        finally
        {
            encoder.train(wasTraining);
        }
    }

    private Tensor ExtractBatch(Tensor bytes)
    {
        using var scope = NewDisposeScope();
        var batch = ViewBatch.FromBytes(bytes.to(device));
        using var generator = new Generator(0, device);
        var view = evaluationView.Apply(batch, evaluationView.Draw(BatchShape.Of(batch), generator));
        return encoder.forward(MemoryLayout.ChannelsLast(view)).MoveToOuterDisposeScope();
    }
}
