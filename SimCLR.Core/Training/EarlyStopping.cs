namespace SimCLR.Core.Training;

/// <summary>When a training ends before its last step: a figure has not improved on its best value for so many looks in a row. A function of the curve
/// alone, so that a training that is taken up ends where it would have ended without the interruption.</summary>
/// <param name="Figure">Name of the figure.</param>
/// <param name="Patience">Looks in a row without an improvement after which it ends, 1 or more.</param>
/// <param name="Least">The smallest improvement over the best value before that counts, in the figure's unit; 0: any.</param>
/// <param name="SmallerIsBetter">Whether the figure improves as it falls.</param>
public sealed record EarlyStopping(string Figure, int Patience, double Least = 0, bool SmallerIsBetter = false)
{
    /// <summary>Whether a curve ends the training at its last point. Points without the figure count for nothing.</summary>
    public bool Ends(IEnumerable<TrainingProgress> curve)
    {
        var (best, without) = (double.NegativeInfinity, 0);
        foreach (var figure in curve.SelectMany(point => point.Figures).Where(figure => figure.Name == Figure))
        {
            var value = SmallerIsBetter ? -figure.Value : figure.Value;
            var improves = value > best && value - best >= Least;
            (best, without) = improves ? (value, 0) : (best, without + 1);
        }
        return without >= Patience;
    }
}
