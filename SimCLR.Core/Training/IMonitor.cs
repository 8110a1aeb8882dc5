namespace SimCLR.Core.Training;

/// <summary>Takes figures of a training's networks from time to time, and may end the training by them. It changes nothing of what is trained: weights and the
/// figures of steps are bit for bit what they are without it.</summary>
public interface IMonitor
{
    /// <summary>Epochs from one look to the next, 1 or more; the end of the training is looked at, too.</summary>
    int Epochs { get; }

    /// <summary>When the training ends before its last step; null: never.</summary>
    EarlyStopping? Stopping { get; }

    /// <summary>The figures as they are now, of rank 0 alone. One that cannot be measured is left out.</summary>
    /// <param name="cancellation">Ends it; what is interrupted is measured when the training is taken up.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<Figure> Measure(CancellationToken cancellation);
}
