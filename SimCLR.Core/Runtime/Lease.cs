using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace SimCLR.Core.Runtime;

/// <summary>
/// A claim of a path that holds between machines whose file locks do not reach each other: a file of its own beside the path, whose time of writing
/// is renewed while it is held. Who wants it writes his file first and looks for others after that, so that of two at once at least one sees the other.
/// A claim ends when its file goes, when its process has ended (seen on the same machine), or a minute after it was renewed last.
/// Ages are by the clock of the share: a file that has just been written there tells its time.
/// </summary>
internal sealed partial class Lease : IDisposable
{
    private const string Ending = FileLock.LeaseEnding;

    /// <summary>ENOENT.</summary>
    private const int NotThere = 2;

    /// <summary>A claim expires after so many times in which it should have been renewed.</summary>
    private const int Beats = 6;

    /// <summary>How long one of several that want it at once waits for the others to step back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Time between two renewals.</summary>
    internal static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);

    private readonly string file;
    private readonly TimeSpan expiry;
    private readonly Timer timer;
    private readonly CancellationTokenSource lost = new();
    private readonly Lock gate = new();
    private long renewed = Stopwatch.GetTimestamp();
    private bool isOver;

    private Lease(string file, TimeSpan beat)
    {
        this.file = file;
        expiry = ExpiryOf(beat);
        timer = new Timer(_ => Renew(), null, beat, beat);
    }

    /// <summary>Cancelled when the claim has gone to another, which took this process for dead: it was stopped, or cut off from the share, for long.</summary>
    internal CancellationToken Lost => lost.Token;

    /// <summary>This system since it was started, and what numbers its processes: their numbers can be asked after.</summary>
    internal static string ThisHost { get; } = Hash(Boot());

    /// <summary>Claims a path, whose file is there.</summary>
    /// <param name="path">The file that stands for what is claimed.</param>
    /// <param name="host">What tells machines apart.</param>
    /// <param name="beat">Time between two renewals, the same for all who claim.</param>
    /// <returns>Null where another has it.</returns>
    /// <exception cref="IOException">The file cannot be made: the disk is full, for example.</exception>
    internal static Lease? TryTake(string path, string host, TimeSpan beat)
    {
        if (Others(path, "", host, beat).Count > 0)
            return null;
        var own =
            $"{path}.{host}.{Environment.ProcessId}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}{Ending}";
        try
        {
            using (var stream = new FileStream(own, FileMode.CreateNew, FileAccess.Write))
                stream.Write(Encoding.UTF8.GetBytes($"{Environment.ProcessId} {Environment.MachineName}\n"));
            if (IsAlone(path, own, host, beat))
                return new Lease(own, beat);
        }
        catch
        {
            Delete(own);
            throw;
        }
        Delete(own);
        return null;
    }

    /// <summary>Who has claimed a path: the number of the process and the name of its machine. Null: nobody has.</summary>
    internal static string? Holder(string path) =>
        File.Exists(path) && Others(path, "", ThisHost, Beat) is [var lease, ..] ? ReadOrNull(lease)?.Trim() : null;

    /// <summary>Whether nobody else has a claim, or those who wrote theirs at the same time step back: the first of them by name stays.</summary>
    private static bool IsAlone(string path, string own, string host, TimeSpan beat)
    {
        for (var watch = Stopwatch.StartNew(); ; Thread.Sleep(20))
        {
            var others = Others(path, own, host, beat);
            if (others.Count == 0)
                return true;
            if (watch.Elapsed > Patience || others.Any(other => string.CompareOrdinal(other, own) < 0))
                return false;
        }
    }

    /// <summary>The files of claims that hold, but for one's own. Of those that do not, the files are deleted.</summary>
    private static List<string> Others(string path, string own, string host, TimeSpan beat)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        List<string> held = [];
        DateTime? now = null;
        foreach (var lease in Directory.GetFiles(folder, $"{Path.GetFileName(path)}.*{Ending}"))
        {
            if (Path.GetFileName(lease) == Path.GetFileName(own) || WrittenAt(lease) is not { } written)
                continue;
            now ??= Now(path);
            if (now - written < ExpiryOf(beat) && !HasEnded(lease, host))
                held.Add(lease);
            else
                Delete(lease);
        }
        return held;
    }

    private static TimeSpan ExpiryOf(TimeSpan beat) => Beats * beat;

    /// <summary>Whether the process of a claim of this machine is no more.</summary>
    private static bool HasEnded(string lease, string host)
    {
        var parts = Path.GetFileName(lease).Split('.');
        if (parts.Length < 4 || parts[^4] != host)
            return false;
        if (!int.TryParse(parts[^3], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return false;
        return !IsRunning(number);
    }

    private static bool IsRunning(int process)
    {
        try
        {
            if (!Directory.Exists("/proc/self"))
                return !Process.GetProcessById(process).HasExited;
            // "NUMBER (NAME) STATE ...": one that has ended, and whose parent has not asked after it, is a zombie.
            var status = File.ReadAllText($"/proc/{process}/stat");
            return status[status.LastIndexOf(')')..] is not [')', ' ', 'Z' or 'X', ..];
        }
        catch (Exception error) when (error is IOException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>The time of the share.</summary>
    private static DateTime Now(string path) => (Touch(path) == 0 ? WrittenAt(path) : null) ?? DateTime.UtcNow;

    /// <summary>When a file was written last, by the share; null where it has gone. It is opened for that: a share that keeps attributes for a while
    /// then asks anew.</summary>
    private static DateTime? WrittenAt(string path)
    {
        try
        {
            using var handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            return File.GetLastWriteTimeUtc(handle);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string? ReadOrNull(string lease)
    {
        try
        {
            return File.ReadAllText(lease);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void Renew()
    {
        lock (gate)
        {
            if (isOver)
                return;
            var error = Touch(file);
            if (error == 0)
                renewed = Stopwatch.GetTimestamp();
            // A share that is away for a moment takes nothing from anybody.
            if (error != NotThere && Stopwatch.GetElapsedTime(renewed) < expiry)
                return;
            isOver = true;
        }
        lost.Cancel();
    }

    /// <summary>Ends the claim.</summary>
    public void Dispose()
    {
        timer.Dispose();
        lock (gate)
            isOver = true;
        Delete(file);
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The folder has gone, or the share is away: the claim expires.
        }
    }

    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];

    private static string Boot()
    {
        const string boot = "/proc/sys/kernel/random/boot_id";
        return File.Exists(boot)
            ? File.ReadAllText(boot) + new FileInfo("/proc/self/ns/pid").LinkTarget
            : Environment.MachineName;
    }

    /// <summary>Writes the present time of the share as that of a file; the system's number of what goes wrong, 0 for nothing.</summary>
    private static int Touch(string path)
    {
        if (!OperatingSystem.IsWindows())
            return SetTimes(path, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();
        try
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            return 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error is FileNotFoundException or DirectoryNotFoundException ? NotThere : error.HResult;
        }
    }

    [LibraryImport("libc", EntryPoint = "utimes", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetTimes(string path, nint times);
}
