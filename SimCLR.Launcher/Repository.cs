namespace SimCLR.Launcher;

/// <summary>A clone, and where its parts lie.</summary>
internal sealed class Repository(string root)
{
    public const string Configuration = "Release";
    private const string Solution = "SimCLR.Research.sln";

    public string Root => root;

    /// <summary>What the launcher notes: when what was built, and the output of the last step.</summary>
    public string State { get; } = Path.Combine(root, ".simclr");

    public string Log => Path.Combine(State, "log");

    /// <summary>The libraries that scripts run on, and compiled scripts beside them.</summary>
    public string Binaries { get; } = Path.Combine(root, "SimCLR.FSharp", "bin", Configuration, "net10.0");

    public string Packages { get; } =
        Variables.Get("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    public bool HasPackages => Directory.Exists(Path.Combine(Packages, "torchsharp"));

    public string At(params ReadOnlySpan<string> names) => Path.Combine([root, .. names]);

    /// <summary>The clone that this launcher was built in, or for the tool dotnet simclr the one that the current folder is in.</summary>
    public static Repository Find() =>
        Above(AppContext.BaseDirectory)
        ?? Above(Environment.CurrentDirectory)
        ?? throw new LauncherException(
            $"{Environment.CurrentDirectory} is in no clone of SimCLR.Research: change to the folder of one, then run this again."
        );

    private static Repository? Above(string folder)
    {
        for (string? at = Path.TrimEndingDirectorySeparator(folder); at is not null; at = Path.GetDirectoryName(at))
            if (File.Exists(Path.Combine(at, Solution)))
                return new Repository(at);
        return null;
    }
}
