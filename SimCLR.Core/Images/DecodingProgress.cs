using System.Diagnostics;

namespace SimCLR.Core.Images;

/// <summary>Says now and then how far decoding is; any thread may step.</summary>
/// <param name="total">Files in all.</param>
/// <param name="done">Files done earlier.</param>
/// <param name="report">Told in words.</param>
internal sealed class DecodingProgress(int total, int done, Action<string>? report)
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(5);

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly int earlier = done;
    private int count = done;
    private long told;

    /// <summary>Another file is done.</summary>
    internal void Step()
    {
        var now = clock.ElapsedTicks;
        var files = Interlocked.Increment(ref count);
        var last = Interlocked.Read(ref told);
        if (report is null || now - last < ReportEvery.TotalSeconds * Stopwatch.Frequency)
            return;
        if (Interlocked.CompareExchange(ref told, now, last) != last)
            return;
        var left = clock.Elapsed / (files - earlier) * (total - files);
        report($"Decoded {files} of {total} images, ETA {left:hh\\:mm\\:ss}");
    }
}
