namespace SimCLR.Launcher;

/// <summary>A step that is quiet if all goes well: what it says is in the log, and shown if it fails.</summary>
internal static class Step
{
    private const int Shown = 40;

    /// <summary>What dotnet's verbs of a project are called with.</summary>
    public static string[] Quietly { get; } = ["-c", Repository.Configuration, "--nologo", "-v", "quiet"];

    public static void Dotnet(Repository repository, string title, params IReadOnlyList<string> arguments)
    {
        if (Run(repository, title, repository.Root, arguments) == 0)
            return;
        foreach (string line in File.ReadLines(repository.Log).TakeLast(Shown))
            Say.Error(line);
        throw new LauncherException(
            $"failed: dotnet {string.Join(' ', arguments)} (the whole output is in {repository.Log})"
        );
    }

    /// <summary>Makes pages by fsdocs; of a failure its errors are shown.</summary>
    public static void Pages(
        Repository repository,
        string title,
        string folder,
        string failure,
        params IReadOnlyList<string> arguments
    )
    {
        if (Run(repository, title, folder, ["fsdocs", "build", .. arguments]) == 0)
            return;
        string[] lines = File.ReadAllLines(repository.Log);
        var errors = lines.Where(line => line.Contains("error") || line.Contains("exception")).ToList();
        foreach (string line in errors.Count > 0 ? errors : lines.TakeLast(Shown))
            Say.Error(line);
        throw new LauncherException($"{failure} (the whole output is in {repository.Log})");
    }

    /// <summary>Runs it without a word but for the title; its exit code.</summary>
    public static int Run(Repository repository, string title, string folder, params IReadOnlyList<string> arguments)
    {
        Say.Error(title);
        using var log = File.Create(repository.Log);
        return Child.Listen(Child.Dotnet, folder, log.Write, arguments);
    }
}
