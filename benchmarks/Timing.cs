using System.Diagnostics;
using System.Runtime.InteropServices;
using SimCLR.Core.Runtime;

namespace SimCLR.Benchmarks;

/// <summary>What one action cost, turn by turn.</summary>
/// <param name="Wall">Seconds on the clock.</param>
/// <param name="Processor">Seconds of processor time of all threads of this process.</param>
internal sealed record Turns(IReadOnlyList<double> Wall, IReadOnlyList<double> Processor)
{
    /// <summary>Median seconds on the clock.</summary>
    internal double Seconds => Timing.Median(Wall);

    /// <summary>Median seconds of processor time: steadier than the clock where other programs compute too.</summary>
    internal double ProcessorSeconds => Timing.Median(Processor);

    /// <summary>How many times as long this took as another action that took turns with it: the median over turns, on the clock.</summary>
    internal double Over(Turns other) => Timing.Median([.. Wall.Zip(other.Wall, (mine, others) => mine / others)]);

    /// <summary>The same of processor time.</summary>
    internal double ProcessorOver(Turns other) =>
        Timing.Median([.. Processor.Zip(other.Processor, (mine, others) => mine / others)]);
}

/// <summary>Times actions against each other: they take turns, so that a change of the machine's speed hits all alike.</summary>
internal static partial class Timing
{
    private const int LeastTurns = 5;

    /// <summary>One untimed turn of each action, then turns until the time is over, five at least.</summary>
    /// <param name="secondsEach">Seconds for each action.</param>
    /// <param name="actions">What takes turns; each waits for its device itself.</param>
    internal static Turns[] Interleaved(double secondsEach, params IReadOnlyList<Action> actions)
    {
        var wall = actions.Select(_ => new List<double>()).ToArray();
        var processor = actions.Select(_ => new List<double>()).ToArray();
        using var pause = new CollectionPause();
        foreach (var action in actions)
            action();
        var clock = Stopwatch.StartNew();
        while (wall[0].Count < LeastTurns || clock.Elapsed.TotalSeconds < secondsEach * actions.Count)
        {
            pause.Renew();
            for (var i = 0; i < actions.Count; i++)
            {
                var (start, used) = (Stopwatch.GetTimestamp(), ProcessorTime());
                actions[i]();
                processor[i].Add(ProcessorTime() - used);
                wall[i].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }
        return [.. wall.Zip(processor, (w, p) => new Turns(w, p))];
    }

    internal static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Seconds of processor time that this process has used.</summary>
    internal static double ProcessorTime() =>
        OperatingSystem.IsLinux() && ClockGetTime(ProcessClock, out var time) == 0
            ? time.Seconds + time.Nanoseconds * 1e-9
            : Environment.CpuUsage.TotalTime.TotalSeconds;

    private const int ProcessClock = 2; // CLOCK_PROCESS_CPUTIME_ID; .NET's own figure has steps of 10 ms

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out TimeSpec time);
}
