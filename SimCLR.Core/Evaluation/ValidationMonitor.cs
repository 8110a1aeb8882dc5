using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>A measurement of a monitor.</summary>
/// <param name="Label">What begins the names of its figures.</param>
/// <param name="Measurement">What measures.</param>
public sealed record MonitoredMeasurement(string Label, IValidationMeasurement Measurement);

/// <summary>Which images a monitor looks at.</summary>
/// <param name="Count">Training images, the same number of each class as far as there are enough; all where there are fewer.</param>
/// <param name="Fraction">Part of them that is held out, between 0 and 1. Of all training images and the fraction of <see cref="EvaluationSpec"/> they are those
/// that the linear probe's strength is chosen on.</param>
public sealed record MonitoredImages(long Count, double Fraction);

/// <summary>Measures a pretraining's encoder on validation images every so many epochs. It is made of training images alone.</summary>
public sealed class ValidationMonitor : IMonitor, IDisposable
{
    private readonly Pretraining training;
    private readonly EvaluationSpec evaluation;
    private readonly IReadOnlyList<MonitoredMeasurement> measurements;
    private readonly ImageSet fit;
    private readonly ImageSet heldOut;
    private readonly Dictionary<string, Exception> failures = [];

    /// <summary>Holds images out.</summary>
    /// <param name="training">What is watched; it is not watched yet (<see cref="Pretraining.Monitor"/>).</param>
    /// <param name="evaluation">How representations are made of images.</param>
    /// <param name="train">Training images; they stay their owner's.</param>
    /// <param name="images">Which of them.</param>
    /// <param name="epochs">Epochs from one look to the next, 1 or more.</param>
    /// <param name="measurements">What is measured, under labels that differ.</param>
    /// <exception cref="ArgumentException">There are too few images to hold some out, or a number is out of range.</exception>
    public ValidationMonitor(
        Pretraining training,
        EvaluationSpec evaluation,
        ImageSet train,
        MonitoredImages images,
        int epochs,
        IReadOnlyList<MonitoredMeasurement> measurements
    )
    {
        if (epochs < 1)
            throw new ArgumentOutOfRangeException(nameof(epochs), epochs, $"epochs is {epochs}; use 1 or more.");
        (this.training, this.evaluation, this.measurements, Epochs) = (training, evaluation, measurements, epochs);
        using var chosen = train.Take(Math.Min(images.Count, train.Count));
        using var generator = new RandomStreams(training.Spec.Seed).At(RandomStreams.Evaluation, 0);
        (fit, heldOut) = chosen.SplitValidation(images.Fraction, generator);
        if (fit.Count > 0 && heldOut.Count > 1)
            return;
        Dispose();
        throw new ArgumentException(
            $"A monitor holds a part of {chosen.Count} training images out, {images.Fraction} of each class, which leaves {fit.Count} and {heldOut.Count}; "
                + "give it more images, or another fraction."
        );
    }

    /// <inheritdoc/>
    public int Epochs { get; }

    /// <inheritdoc/>
    public EarlyStopping? Stopping { get; init; }

    /// <summary>What is told the label of a measurement that has failed for the first time, and why.</summary>
    public Action<string, Exception>? Warn { get; init; }

    /// <summary>Labels of the measurements that have failed at the newest look of this process, and why.</summary>
    public IReadOnlyDictionary<string, Exception> Failures => failures;

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var validation = new Validation(
            training.Spec,
            new Networks(training.Encoder, training.Head),
            evaluation,
            fit,
            heldOut,
            training.Device,
            cancellation
        );
        return [.. measurements.SelectMany(measurement => Measure(measurement, validation))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        fit.Dispose();
        heldOut.Dispose();
    }

    /// <summary>The figures of one measurement, under their whole names; none where it fails: the training goes on.</summary>
    private IReadOnlyList<Figure> Measure(MonitoredMeasurement monitored, Validation validation)
    {
        try
        {
            IReadOnlyList<Figure> figures =
            [
                .. monitored
                    .Measurement.Measure(validation)
                    .Select(figure => figure with { Name = $"{monitored.Label} {figure.Name}" }),
            ];
            failures.Remove(monitored.Label);
            return figures;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            if (failures.TryAdd(monitored.Label, error))
                Warn?.Invoke(monitored.Label, error);
            return [];
        }
    }
}
