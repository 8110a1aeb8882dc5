namespace SimCLR.Core.Training;

/// <summary>Whether and how often a training can be taken up again.</summary>
/// <param name="Folder">Where its checkpoints lie; what is there already is taken up.</param>
/// <param name="Interval">Time between two checkpoints at least; more where writing one takes over a twentieth of that. One is written on cancellation
/// and at the end, too.</param>
/// <param name="Resumed">Told the step from which the training goes on.</param>
/// <param name="Warn">Told, in words, when a training goes on under other conditions than before, so that its last bits are others.</param>
public sealed record Checkpointing(
    CheckpointFolder Folder,
    TimeSpan Interval,
    Action<long>? Resumed = null,
    Action<string>? Warn = null
)
{
    /// <summary>What is to be recorded of this process in <see cref="TrainingSegment"/>, by name, such as commit and machine.</summary>
    public IReadOnlyDictionary<string, string> Setting { get; init; } = new Dictionary<string, string>();

    /// <summary>Watt-hours that this process has drawn for the training so far; checkpoints keep the sum of all processes. Null: not measured.</summary>
    public Func<double>? WattHours { get; init; }

    /// <summary>The same in a folder below, for one of several trainings.</summary>
    /// <param name="name">Its name.</param>
    public Checkpointing In(string name) => this with { Folder = Folder.In(name) };
}
