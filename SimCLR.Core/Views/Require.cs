using System.Numerics;

namespace SimCLR.Core.Views;

/// <summary>Checks of constructor arguments, with messages that name value, limit and remedy.</summary>
internal static class Require
{
    internal static double Probability(double value, string name) => Between(value, 0, 1, name);

    internal static T Between<T>(T value, T low, T high, string name)
        where T : INumber<T> =>
        value >= low && value <= high
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must lie in [{low}, {high}].");

    internal static T AtLeast<T>(T value, T low, string name)
        where T : INumber<T> =>
        value >= low ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least {low}.");

    internal static double Positive(double value, string name) =>
        value > 0 && double.IsFinite(value)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be a positive number.");

    internal static double AtLeastNumber(double value, double low, string name) =>
        double.IsFinite(value)
            ? AtLeast(value, low, name)
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be a number of at least {low}.");
}
