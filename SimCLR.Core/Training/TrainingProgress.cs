using System.Text.Json.Serialization;

namespace SimCLR.Core.Training;

/// <summary>What a logging interval saw.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">Steps of the whole training.</param>
/// <param name="Epoch">Passes done, with their fraction.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="ImagesPerSecond">Images (not views) per second.</param>
/// <param name="Remaining">Estimated time to the end of the training.</param>
/// <param name="Figures">Means over the steps since the interval before, the loss first; and at the end, of the last step,
/// <see cref="GradientNorm"/>.</param>
/// <param name="Time">When the last step was done, in Unix seconds; 0: not known, in a checkpoint of an earlier version.</param>
public sealed record TrainingProgress(
    long Step,
    long TotalSteps,
    double Epoch,
    double LearningRate,
    double ImagesPerSecond,
    TimeSpan Remaining,
    IReadOnlyList<Figure> Figures,
    double Time = 0
)
{
    /// <summary>The figure that every training has: the L2 norm of the gradient of all parameters at the last step.</summary>
    public const string GradientNorm = "gradient norm";

    /// <summary>Mean loss.</summary>
    [JsonIgnore]
    public double Loss => Figures[0].Value;

    /// <summary>The value of a figure.</summary>
    /// <exception cref="KeyNotFoundException">There is no such figure; the message names those there are.</exception>
    public double this[string figure] => Figures.Named(figure);
}

/// <summary>What a training ended with.</summary>
/// <param name="Figures">Means over the steps of the last epoch, the loss first.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="Seconds">Wall time of the training loop, in all processes that took part.</param>
/// <param name="ImagesPerSecond">Images per second of that time.</param>
/// <param name="Waiting">Part of this process's time in which training waited for images.</param>
/// <param name="Progress">Every logging interval, in order.</param>
/// <param name="Segments">Conditions under which it was computed, in order; one where these never changed.</param>
public sealed record TrainingResult(
    IReadOnlyList<Figure> Figures,
    long Steps,
    double Seconds,
    double ImagesPerSecond,
    double Waiting,
    IReadOnlyList<TrainingProgress> Progress,
    IReadOnlyList<TrainingSegment> Segments
)
{
    /// <summary>The step that what is left is of: the last, or that of the best look (<see cref="EarlyStopping.KeepsBest"/>). Rank 0 knows it.</summary>
    public long KeptStep { get; init; } = Steps;

    /// <summary>Watt-hours that processes before this one drew for it, as its checkpoint says (<see cref="Checkpointing.WattHours"/>).</summary>
    public double EarlierWattHours { get; init; }

    /// <summary>Mean loss of the last epoch.</summary>
    public double Loss => Figures[0].Value;

    /// <summary>The value of a figure.</summary>
    /// <exception cref="KeyNotFoundException">There is no such figure; the message names those there are.</exception>
    public double this[string figure] => Figures.Named(figure);
}

/// <summary>The error that a training cannot go on; the message says what was seen at which step, and what to try.</summary>
public class TrainingFailedException(string message) : Exception(message);

/// <summary>The same, where the checkpoint is of another training, or of another version: another start may take it up.</summary>
/// <param name="message">What does not fit, and what to do.</param>
public sealed class CheckpointMisfitException(string message) : TrainingFailedException(message);

/// <summary>The same, where the training has collapsed or learns nothing: it could go on, and is asked not to.</summary>
/// <param name="name">The collapse's name (<see cref="Methods.Collapse.Name"/>).</param>
/// <param name="message">What was seen, and what to try.</param>
public sealed class TrainingCollapsedException(string name, string message) : TrainingFailedException(message)
{
    /// <summary>The collapse's name: <see cref="Methods.Collapse.Collapsed"/> or <see cref="Methods.Collapse.LearntNothing"/>.</summary>
    public string Name { get; } = name;
}

/// <summary>The end of a training that was cancelled.</summary>
/// <param name="training">Its name.</param>
/// <param name="step">Steps done.</param>
/// <param name="checkpoint">Step of its newest checkpoint; null where there is none.</param>
/// <param name="cancellation">What cancelled it.</param>
public sealed class TrainingInterruptedException(
    string training,
    long step,
    long? checkpoint,
    CancellationToken cancellation
)
    : OperationCanceledException(
        $"{training}: interrupted at step {step}; "
            + (
                checkpoint is { } from ? $"it can go on from the checkpoint of step {from}." : "there is no checkpoint."
            ),
        cancellation
    )
{
    /// <summary>Step of the checkpoint from which the training can go on; null: there is none, and it starts anew.</summary>
    public long? Checkpoint { get; } = checkpoint;
}
