using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SimCLR.Benchmarks;

/// <summary>
/// Feeds damaged files to a reader. It must take each, or refuse it with its documented exception and a message that names the
/// file, in bounded time and memory. Anything else is a failure, whose input is kept.
/// </summary>
/// <param name="seed">Decides all inputs.</param>
/// <param name="failures">Folder for inputs that fail.</param>
/// <param name="timeLimit">A reader that takes longer hangs; null for <see cref="TimeLimit"/>.</param>
internal sealed partial class FuzzRun(int seed, string failures, TimeSpan? timeLimit = null)
{
    /// <summary>A reader takes milliseconds; the rest is for machines that are busy.</summary>
    internal static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(20);

    private readonly TimeSpan limit = timeLimit ?? TimeLimit;

    /// <summary>Most bytes that .NET may allocate, and libtorch and libvips may add, for a file of some 100 KB.</summary>
    internal const long MemoryLimit = 512L << 20;

    private const int MaxFailures = 5;

    /// <summary>So many inputs are read whatever the time.</summary>
    private const int LeastInputs = 20;

    /// <summary>Reads so many inputs, or as many as the time allows and 20 at least.</summary>
    /// <exception cref="TimeoutException">The reader hangs: its thread cannot be ended, so the process should.</exception>
    internal FuzzRow Run(FuzzReader reader, int count, TimeSpan? time = null)
    {
        var folder = Directory.CreateTempSubdirectory("simclr-fuzz-").FullName;
        var row = new FuzzRow(reader.Name);
        try
        {
            reader.Prepare?.Invoke(folder);
            Guard(reader, folder, row, count, time);
            return row;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reads on a thread of its own and watches it.</summary>
    private void Guard(FuzzReader reader, string folder, FuzzRow row, int count, TimeSpan? time)
    {
        Exception? broken = null;
        var thread = new Thread(() =>
        {
            try
            {
                ReadAll(reader, folder, row, count, time);
            }
            catch (Exception error)
            {
                broken = error;
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        for (var last = -1; !thread.Join(limit); last = row.Inputs)
            if (row.Inputs == last)
                throw new TimeoutException(Keep(reader, row.Inputs, $"hangs for more than {limit.TotalSeconds} s"));
        if (broken is not null)
            throw new InvalidOperationException($"{reader.Name}: the fuzzer itself failed: {broken}", broken);
    }

    private void ReadAll(FuzzReader reader, string folder, FuzzRow row, int count, TimeSpan? time)
    {
        var clock = Stopwatch.StartNew();
        while (
            row.Inputs < count
            && (row.Inputs < LeastInputs || !(clock.Elapsed > time))
            && row.Failures.Count < MaxFailures
        )
        {
            var bytes = reader.Input(seed, row.Inputs);
            var path = Path.Combine(folder, reader.File);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
            if (Problem(reader, folder, path, row) is { } problem)
                row.Failures.Add(Keep(reader, row.Inputs, problem));
            row.Inputs++;
        }
    }

    /// <summary>What is wrong with how the file was read; null if nothing is.</summary>
    private string? Problem(FuzzReader reader, string folder, string path, FuzzRow row)
    {
        Machine.ResetPeak();
        var resident = Machine.Memory().Now;
        // Precisely: what other threads took before and was not counted yet would be counted here.
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        string? refusal,
            problem = null;
        try
        {
            refusal = reader.Read(folder, path);
        }
        catch (Exception error)
        {
            refusal = error.Message;
            if (error.GetType() != reader.Refusal)
                problem = $"throws {error.GetType().Name}, not {reader.Refusal.Name}: {error}";
        }
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var grown = Machine.Memory().Peak - resident;

        row.SlowestSeconds = Math.Max(row.SlowestSeconds, seconds);
        row.MostAllocated = Math.Max(row.MostAllocated, allocated);
        row.MostResident = Math.Max(row.MostResident, double.IsNaN(grown) ? 0 : grown);
        if (refusal is null)
            row.Accepted++;
        else
            row.Refused++;
        if (problem is null && refusal is not null && !refusal.Contains(path))
            problem = $"refuses without naming the file: {refusal}";
        if (seconds > limit.TotalSeconds)
            problem ??= $"took {seconds:f1} s";
        return allocated > MemoryLimit || grown * (1 << 20) > MemoryLimit
            ? problem ?? $"allocated {allocated >> 20} MiB and grew by {grown:f0} MiB"
            : problem;
    }

    private string Keep(FuzzReader reader, int index, string problem)
    {
        Directory.CreateDirectory(failures);
        var file = Path.Combine(failures, $"{NoName().Replace(reader.Name, "-")}-{seed}-{index}.bin");
        File.WriteAllBytes(file, reader.Input(seed, index));
        return $"{reader.Name}, seed {seed}, input {index} (kept as {file}): {problem}";
    }

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.IgnoreCase)]
    private static partial Regex NoName();
}
