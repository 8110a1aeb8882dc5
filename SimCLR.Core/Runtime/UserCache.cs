namespace SimCLR.Core.Runtime;

/// <summary>
/// Where this user's caches lie: SIMCLR_CACHE, else XDG_CACHE_HOME/simclr, else the platform's usual place, else, where a user has no home
/// that can be written, as in many containers, a folder for temporary files. All in it can be deleted; it is made again.
/// </summary>
public static class UserCache
{
    /// <summary>The folder of one cache; it may not exist yet.</summary>
    /// <exception cref="IOException">Neither home nor the folder for temporary files can be used; the message says what to set.</exception>
    public static string Folder(params ReadOnlySpan<string> names) =>
        Path.Combine([Chosen(Environment.GetEnvironmentVariable) ?? Unchosen.Value, .. names]);

    /// <summary>Found once: a home is tried by writing.</summary>
    private static readonly Lazy<string> Unchosen = new(
        () => InUsualOrOwn(Usual, Path.GetTempPath()),
        LazyThreadSafetyMode.PublicationOnly
    );

    /// <summary>The folder of all caches.</summary>
    /// <param name="variable">The environment.</param>
    /// <param name="usual">The platform's usual place; empty or relative: there is none.</param>
    /// <param name="temporary">Where temporary files lie.</param>
    internal static string Root(Func<string, string?> variable, string usual, string temporary) =>
        Chosen(variable) ?? InUsualOrOwn(usual, temporary);

    private static string? Chosen(Func<string, string?> variable) =>
        variable("SIMCLR_CACHE") is { Length: > 0 } chosen ? chosen
        : variable("XDG_CACHE_HOME") is { Length: > 0 } xdg ? Path.Combine(xdg, "simclr")
        : null;

    private static string InUsualOrOwn(string usual, string temporary) =>
        Path.IsPathRooted(usual) && CanBeMade(Path.Combine(usual, "simclr"))
            ? Path.Combine(usual, "simclr")
            : OwnIn(temporary);

    private static string Usual
    {
        get
        {
            if (!OperatingSystem.IsLinux())
                return Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return home.Length == 0 ? "" : Path.Combine(home, ".cache");
        }
    }

    /// <summary>A folder of this user alone, as libraries are loaded from it: where others may write, or own it, it is refused.</summary>
    private static string OwnIn(string temporary)
    {
        var folder = Path.Combine(temporary, $"simclr-{Environment.UserName}");
        var isOwn = true;
        if (!OperatingSystem.IsWindows())
        {
            if (!Directory.Exists(folder))
                Directory.CreateDirectory(
                    folder,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                );
            isOwn = (File.GetUnixFileMode(folder) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0;
        }
        return isOwn && CanBeMade(folder)
            ? folder
            : throw new IOException(
                $"There is no folder for caches: your home cannot be written, and {folder} belongs to others. Set SIMCLR_CACHE to a folder of your own."
            );
    }

    /// <summary>Whether the folder is there or can be made, with something in it.</summary>
    private static bool CanBeMade(string folder)
    {
        try
        {
            var probe = Path.Combine(Directory.CreateDirectory(folder).FullName, $".probe-{Guid.NewGuid():n}");
            File.Create(probe, 1, FileOptions.DeleteOnClose).Dispose();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
