namespace SimCLR.Launcher;

/// <summary>What notebooks and the site have in common: both are made by fsdocs.</summary>
internal static class Pages
{
    public static string[] Settings { get; } =
    ["--strict", "--nodefaultcontent", "--parameters", "root", "./", "fsdocs-collection-name", "SimCLR.Research"];

    /// <summary>An empty folder for what fsdocs is to read, and no cache of the last time.</summary>
    public static string NewInput(Repository repository, string name)
    {
        string input = Path.Combine(repository.State, name);
        foreach (string old in new[] { input, Path.Combine(repository.State, ".fsdocs") })
            if (Directory.Exists(old))
                Directory.Delete(old, true);
        Directory.CreateDirectory(input);
        return input;
    }

    /// <summary>fsdocs renders for language models, too.</summary>
    public static void Clean(string results)
    {
        foreach (string file in Directory.GetFiles(results, "llms*.txt").Append(Path.Combine(results, "index.json")))
            File.Delete(file);
    }
}
