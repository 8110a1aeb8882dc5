namespace SimCLR.Core.Runtime;

/// <summary>Where this user's caches lie: SIMCLR_CACHE, else XDG_CACHE_HOME/simclr, else the platform's usual place. All in it can be deleted; it is made again.</summary>
public static class UserCache
{
    /// <summary>The folder of one cache; it may not exist yet.</summary>
    public static string Folder(params ReadOnlySpan<string> names) => Path.Combine([Root, .. names]);

    private static string Root
    {
        get
        {
            if (Environment.GetEnvironmentVariable("SIMCLR_CACHE") is { Length: > 0 } chosen)
                return chosen;
            if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg)
                return Path.Combine(xdg, "simclr");
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return OperatingSystem.IsLinux()
                ? Path.Combine(home, ".cache", "simclr")
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "simclr");
        }
    }
}
