namespace SimCLR.Launcher;

/// <summary>Two starts do not restore or build at once: a file that one of them holds open. The bash file of the launcher locks the same.</summary>
internal static class Turn
{
    /// <summary>Waits for the turn, which ends when it is disposed of. Null where this file system locks nothing: then all go on.</summary>
    public static IDisposable? Take(Repository repository)
    {
        for (bool told = false; ; Thread.Sleep(100))
        {
            try
            {
                Directory.CreateDirectory(repository.State);
                return new FileStream(
                    Path.Combine(repository.State, "lock"),
                    FileMode.OpenOrCreate,
                    FileAccess.ReadWrite,
                    FileShare.None
                );
            }
            catch (IOException e) when (IsHeld(e))
            {
                if (!told)
                    Say.Error("Another start builds here; waiting for it ...");
                told = true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>EWOULDBLOCK of Linux and of macOS, and Windows' sharing violation.</summary>
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
