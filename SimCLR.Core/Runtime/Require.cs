using System.Globalization;

namespace SimCLR.Core.Runtime;

/// <summary>Checks of a number's range. Each error names the value, the limit and the remedy.</summary>
internal static class Require
{
    /// <summary>The value if it is finite and above 0.</summary>
    public static double Positive(double value, string name, string remedy) =>
        double.IsFinite(value) && value > 0 ? value : throw Wrong(value, name, "finite and above 0", remedy);

    /// <summary>The value if it is finite and 0 or more.</summary>
    public static double NotNegative(double value, string name, string remedy) =>
        double.IsFinite(value) && value >= 0 ? value : throw Wrong(value, name, "finite and 0 or more", remedy);

    /// <summary>The value if it is 0 or more.</summary>
    public static long NotNegative(long value, string name, string remedy) =>
        value >= 0 ? value : throw Wrong(value, name, "0 or more", remedy);

    /// <summary>The value if it is 0 or more and below 1.</summary>
    public static double Fraction(double value, string name, string remedy) =>
        value is >= 0 and < 1 ? value : throw Wrong(value, name, "0 or more and below 1", remedy);

    private static ArgumentOutOfRangeException Wrong(IConvertible value, string name, string limit, string remedy) =>
        new(name, $"{name} is {value.ToString(CultureInfo.InvariantCulture)}; it must be {limit}. {remedy}");
}
