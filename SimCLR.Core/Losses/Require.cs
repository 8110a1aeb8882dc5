namespace SimCLR.Core.Losses;

/// <summary>Checks of a loss's parameters: the error names value, limit and remedy.</summary>
internal static class Require
{
    internal static double Temperature(double value) => Above("temperature", value, 0, 0.5);

    internal static double Above(string name, double value, double limit, double example) =>
        value > limit && double.IsFinite(value)
            ? value
            : throw new ArgumentOutOfRangeException(
                name,
                value,
                $"The {name} is {value}; use a finite number above {limit}, for example {example}."
            );

    internal static double Within(string name, double value, double least, double below, double example) =>
        value >= least && value < below
            ? value
            : throw new ArgumentOutOfRangeException(
                name,
                value,
                $"The {name} is {value}; use a number from {least} to below {below}, for example {example}."
            );
}
