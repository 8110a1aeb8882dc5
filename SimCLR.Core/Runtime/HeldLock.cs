namespace SimCLR.Core.Runtime;

/// <summary>A lock of <see cref="FileLock"/> that this process has, until it is disposed.</summary>
public sealed class HeldLock : IDisposable
{
    private readonly FileStream file;
    private readonly Lease lease;

    internal HeldLock(FileStream file, Lease lease) => (this.file, this.lease) = (file, lease);

    /// <summary>A token that is cancelled when another machine has taken the lock, because this process gave no sign of life for a minute.</summary>
    public CancellationToken Lost => lease.Lost;

    /// <summary>Lets go of it.</summary>
    public void Dispose()
    {
        lease.Dispose();
        file.Dispose();
    }
}
