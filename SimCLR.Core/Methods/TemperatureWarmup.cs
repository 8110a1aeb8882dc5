using SimCLR.Core.Losses;

namespace SimCLR.Core.Methods;

/// <summary>A temperature that begins elsewhere (DINO, 2104.14294, section 3.2: the teacher's from 0.04 to 0.07 over 30 epochs): the same throughout an epoch, and in even
/// steps from epoch to epoch.</summary>
/// <param name="From">Temperature of the first epoch, above 0.</param>
/// <param name="Epochs">The last of so many has the temperature that stays; 0: all have.</param>
public sealed record TemperatureWarmup(double From, int Epochs)
{
    internal void Check() => Require.Temperature(From);

    /// <summary>The temperature of an epoch.</summary>
    /// <param name="epoch">Counted from 0.</param>
    /// <param name="stays">The temperature that stays.</param>
    public double At(long epoch, double stays) =>
        epoch >= Epochs ? stays : From + (stays - From) * epoch / Math.Max(1, Epochs - 1);
}
