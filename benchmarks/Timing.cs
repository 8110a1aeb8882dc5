using System.Diagnostics;

namespace SimCLR.Benchmarks;

/// <summary>Times actions against each other: they take turns, so that a change of the machine's speed hits all alike.</summary>
internal static class Timing
{
    /// <summary>Median seconds of each action.</summary>
    internal static double[] Interleaved(double secondsEach, params Action[] actions)
    {
        var times = actions.Select(_ => new List<double>()).ToArray();
        foreach (var action in actions)
            action();
        var clock = Stopwatch.StartNew();
        while (times[0].Count < 3 || clock.Elapsed.TotalSeconds < secondsEach * actions.Length)
        {
            for (var i = 0; i < actions.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                actions[i]();
                times[i].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }
        return [.. times.Select(Median)];
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        var middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
