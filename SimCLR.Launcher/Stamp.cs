namespace SimCLR.Launcher;

/// <summary>A file whose time says when something was done.</summary>
internal static class Stamp
{
    /// <summary>Is something newer than the stamp, or the stamp missing? What is built does not count.</summary>
    public static bool IsOlder(string stamp, params ReadOnlySpan<string> paths)
    {
        DateTime time = File.GetLastWriteTimeUtc(stamp);
        if (!File.Exists(stamp))
            return true;
        foreach (string path in paths)
            if (
                Directory.Exists(path) ? AnyNewer(new DirectoryInfo(path), time) : File.GetLastWriteTimeUtc(path) > time
            )
                return true;
        return false;
    }

    public static void Touch(string path)
    {
        if (File.Exists(path))
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        else
            File.WriteAllBytes(path, []);
    }

    public static void Remove(string path)
    {
        if (File.Exists(path))
            File.Delete(path);
    }

    private static bool AnyNewer(DirectoryInfo folder, DateTime time)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo inner)
            {
                bool counts = inner.Name is not ("bin" or "obj") && inner.LinkTarget is null;
                if (counts && AnyNewer(inner, time))
                    return true;
            }
            else if (entry.LastWriteTimeUtc > time)
                return true;
        }
        return false;
    }
}
