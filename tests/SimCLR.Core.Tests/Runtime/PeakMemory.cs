using System.Globalization;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Runtime;

/// <summary>Memory that work takes beside what is there before it, by Linux's /proc.</summary>
internal static class PeakMemory
{
    private const string Reset = "/proc/self/clear_refs";

    /// <summary>The most that is resident while it works beyond what is before, MiB. Skips the test where nobody says.</summary>
    internal static double MebibytesOf(Action work)
    {
        Assert.SkipUnless(File.Exists(Reset), "The peak of memory is read from Linux's /proc.");
        // What is held free would be used without being counted.
        NativeHeap.Release();
        try
        {
            File.WriteAllText(Reset, "5");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"The peak of memory cannot be reset here: {error.Message}");
        }
        var before = Peak();
        work();
        return Peak() - before;
    }

    private static double Peak() =>
        double.Parse(
            File.ReadLines("/proc/self/status")
                .First(line => line.StartsWith("VmHWM", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) / 1024;
}
