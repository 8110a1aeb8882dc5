using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>The moment at which a rank of a test fails: it tells it just before, by the clock that all processes of a machine share. So the start of
/// processes does not count.</summary>
internal static partial class Failure
{
    internal static void Tell() => Console.WriteLine($"failing at {Stopwatch.GetTimestamp()}");

    /// <summary>All ranks have ended, 30 seconds at most after the first that failed.</summary>
    /// <param name="output">What they wrote.</param>
    internal static void EndedAllInTime(string output)
    {
        var told = Told()
            .Matches(output)
            .Select(line => long.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture));
        Assert.NotEmpty(told);
        Assert.InRange(Stopwatch.GetElapsedTime(told.Min()).TotalSeconds, 0, 30);
    }

    [GeneratedRegex(@"failing at (\d+)")]
    private static partial Regex Told();
}
