namespace SimCLR.Core.Training;

/// <summary>Figures that the checkpoint of an earlier version did not have: they are summed from the step on at which it was taken up.</summary>
/// <param name="Known">How many it had: the first ones.</param>
/// <param name="From">Steps done when it was taken up.</param>
internal sealed record SummedFigures(int Known, long From)
{
    /// <summary>Of how many steps a figure's sum is.</summary>
    /// <param name="figure">Its place.</param>
    /// <param name="begin">Steps done when all sums began.</param>
    /// <param name="now">Steps done.</param>
    internal long Steps(int figure, long begin, long now) => now - (figure < Known ? begin : Math.Max(begin, From));
}
