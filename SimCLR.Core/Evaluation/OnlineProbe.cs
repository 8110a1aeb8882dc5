using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// A linear classifier trained during pretraining, on the representations of both views and with an optimizer of its own (SGD, momentum 0.9,
/// constant rate). It is given representations without a gradient: the encoder is bit for bit what it is without the probe.
/// </summary>
public sealed class OnlineProbe : IStepObserver, IDisposable
{
    private readonly Linear classifier;
    private readonly IOptimizer optimizer;

    /// <summary>Makes the classifier.</summary>
    /// <param name="featureSize">Length of h.</param>
    /// <param name="classes">Classes of the training images.</param>
    /// <param name="learningRate">Above 0.</param>
    /// <param name="streams">Draws the first weights.</param>
    /// <param name="device">Where the encoder is trained.</param>
    /// <exception cref="ArgumentOutOfRangeException">The learning rate is no finite number above 0.</exception>
    public OnlineProbe(long featureSize, int classes, double learningRate, RandomStreams streams, Device device)
    {
        if (!(learningRate > 0) || double.IsInfinity(learningRate))
            throw new ArgumentOutOfRangeException(
                nameof(learningRate),
                learningRate,
                $"The online probe's learning rate is {learningRate}; use a number above 0, for example 0.1."
            );
        classifier = Linear(featureSize, classes);
        using (no_grad())
        using (var weights = streams.At("online probe weights", 0))
        {
            classifier.weight.normal_(0, 0.01, weights);
            classifier.bias!.zero_();
        }
        classifier.to(device);
        optimizer = new SgdSpec().Create(ParameterGroups.Of(classifier));
        optimizer.LearningRate = learningRate;
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> State =>
        classifier.state_dict().Concat(optimizer.State).ToDictionary(named => named.Key, named => named.Value);

    /// <inheritdoc/>
    public void Observe(Tensor h, Tensor labels)
    {
        using var scope = NewDisposeScope();
        using var gradient = enable_grad();
        var targets = labels.repeat(h.shape[0] / labels.shape[0]);
        optimizer.ZeroGrad();
        // Images without a label count for nothing; a batch may have no other.
        var loss = functional.cross_entropy(
            classifier.forward(h.detach()),
            targets,
            ignore_index: -1,
            reduction: Reduction.Sum
        );
        (loss / targets.ge(0).sum().clamp_min(1)).backward();
        optimizer.Step();
    }

    /// <summary>Accuracy, as a fraction.</summary>
    public double Top1(Features features)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Metrics.TopK(classifier.forward(features.H), features.Labels, 1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer.Dispose();
        classifier.Dispose();
    }
}

/// <summary>The test accuracy of an <see cref="OnlineProbe"/> at the end of training. Of one run only: it holds the probe.</summary>
/// <param name="learningRate">Above 0.</param>
public sealed class OnlineAccuracy(double learningRate) : IMeasurement, IDisposable
{
    private OnlineProbe? probe;

    /// <inheritdoc/>
    public IStepObserver Observer(Pretrained beforeTraining) =>
        probe ??= new OnlineProbe(
            beforeTraining.Encoder.FeatureSize,
            beforeTraining.Splits.Train.ClassNames.Count,
            learningRate,
            beforeTraining.Streams,
            beforeTraining.Device
        );

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The probe has seen no training.</exception>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        if (probe is null)
            throw new InvalidOperationException(
                "The online probe has not seen the training: ask for its observer first."
            );
        return [new Figure("top-1", probe.Top1(pretrained.TestFeatures()))];
    }

    /// <inheritdoc/>
    public void Dispose() => probe?.Dispose();
}
