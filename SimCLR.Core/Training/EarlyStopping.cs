namespace SimCLR.Core.Training;

/// <summary>When a training ends before its last step: a figure has not improved on its best value for so many looks in a row. A function of the curve
/// alone, so that a training that is taken up ends where it would have ended without the interruption.</summary>
/// <param name="Figure">Name of the figure.</param>
/// <param name="Patience">Looks in a row without an improvement after which it ends, 1 or more.</param>
/// <param name="Least">The smallest improvement over the best value before that counts, in the figure's unit; 0: any.</param>
/// <param name="SmallerIsBetter">Whether the figure improves as it falls.</param>
/// <param name="KeepsBest">Whether the training leaves what it had learnt at the last improvement, whether it is ended by it or not; false: at its end. Of one that fails
/// nothing is left but its checkpoints, which hold both.</param>
public sealed record EarlyStopping(
    string Figure,
    int Patience,
    double Least = 0,
    bool SmallerIsBetter = false,
    bool KeepsBest = false
)
{
    /// <summary>Whether a curve ends the training at its last point. Points without the figure count for nothing.</summary>
    /// <param name="curve">Every logging interval and look so far, in order.</param>
    public bool Ends(IEnumerable<TrainingProgress> curve) => Read(curve).Without >= Patience;

    /// <summary>The step of a curve's last improvement; null: it has no point with the figure.</summary>
    /// <param name="curve">Every logging interval and look so far, in order.</param>
    public long? Best(IEnumerable<TrainingProgress> curve) => Read(curve).Step;

    /// <summary>The step of the last improvement, and the looks since.</summary>
    private (long? Step, int Without) Read(IEnumerable<TrainingProgress> curve)
    {
        var (best, at, without) = (double.NegativeInfinity, (long?)null, 0);
        foreach (var point in curve)
        foreach (var figure in point.Figures.Where(figure => figure.Name == Figure))
        {
            var value = SmallerIsBetter ? -figure.Value : figure.Value;
            var improves = value > best && value - best >= Least;
            (best, at, without) = improves ? (value, point.Step, 0) : (best, at, without + 1);
        }
        return (at, without);
    }
}
