namespace SimCLR.Core.Training;

/// <summary>Whether and how often a training can be taken up again.</summary>
/// <param name="Folder">Where its checkpoints lie; what is there already is taken up.</param>
/// <param name="Interval">Time between two checkpoints at least; more where writing one takes over a twentieth of that. One is written on cancellation, too.</param>
/// <param name="Resumed">Told the step from which the training goes on.</param>
public sealed record Checkpointing(CheckpointFolder Folder, TimeSpan Interval, Action<long>? Resumed = null);
