using System.Text;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Locks between processes: a file that one of them holds open. The system lets go of it when the process ends, however it ends (flock).
/// Not every shared file system passes that on to other machines, or says so. Hence a <see cref="Lease"/> beside it, which holds between machines
/// whatever the file system does: what a machine had that went down is free a minute later.
/// </summary>
public static class FileLock
{
    private static readonly TimeSpan TriedEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>The end of the names of leases, which lie beside the locks.</summary>
    public const string LeaseEnding = ".lease";

    /// <summary>Takes the lock until it is disposed, or the process ends.</summary>
    /// <param name="path">A file of its own, made with its folder if it is not there. For people, the number of the process that had the
    /// lock last and the name of its machine are written into it.</param>
    /// <returns>Null where another process, or this one, has it.</returns>
    /// <exception cref="IOException">The file cannot be made: the disk is full, for example.</exception>
    /// <exception cref="UnauthorizedAccessException">A right is missing.</exception>
    public static HeldLock? TryTake(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            try
            {
                file.SetLength(0);
                file.Write(Encoding.UTF8.GetBytes($"{Environment.ProcessId} {Environment.MachineName}\n"));
                file.Flush();
                if (Lease.TryTake(path, Lease.ThisHost, Lease.Beat) is { } lease)
                    return new HeldLock(file, lease);
                file.Dispose();
                return null;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        // Whoever had it may have removed the folder.
        catch (IOException error) when (IsHeld(error) || error is DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Who has a lock: the number of the process and the name of its machine, for people. Null: nobody has. Takes nothing.</summary>
    public static string? Holder(string path) => Lease.Holder(path);

    /// <summary>Takes the lock, waiting for whoever has it.</summary>
    /// <param name="path">As of <see cref="TryTake"/>.</param>
    /// <param name="waiting">What is said, once, if there is somebody to wait for.</param>
    /// <param name="report">Told so; may be null.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="IOException">The file cannot be made: the disk is full, for example.</exception>
    /// <exception cref="UnauthorizedAccessException">A right is missing.</exception>
    public static HeldLock Take(string path, string waiting, Action<string>? report, CancellationToken cancellation)
    {
        for (var tries = 0; ; tries++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryTake(path) is { } held)
                return held;
            if (tries == 0)
                report?.Invoke(waiting);
            cancellation.WaitHandle.WaitOne(TriedEvery);
        }
    }

    /// <summary>.NET gives the system's number: EAGAIN, or Windows' sharing and lock violations.</summary>
    private static bool IsHeld(IOException error) =>
        OperatingSystem.IsWindows() ? (error.HResult & 0xffff) is 32 or 33
        : OperatingSystem.IsMacOS() ? error.HResult == 35
        : error.HResult == 11;
}
