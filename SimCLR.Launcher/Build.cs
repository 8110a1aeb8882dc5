namespace SimCLR.Launcher;

/// <summary>What is compiled, if a source is newer than it.</summary>
internal static class Build
{
    /// <summary>The libraries that scripts run on.</summary>
    public static void Libraries(Repository repository)
    {
        Setup.Ensure(repository);
        // A plain 'dotnet build' since then has left scripts its Debug build.
        if (!NewestIsOurs(repository))
            Forget(repository, "build");
        Project(repository, "build", "SimCLR.FSharp", "SimCLR.Core", "SimCLR.FSharp");
    }

    public static void Tests(Repository repository)
    {
        Setup.Ensure(repository);
        Project(repository, "tests", "SimCLR.Research.sln", "SimCLR.Core", "SimCLR.FSharp", "tests", "benchmarks");
        if (NewestIsOurs(repository))
            Stamp.Touch(StampOf(repository, "build"));
    }

    public static void Benchmarks(Repository repository)
    {
        Setup.Ensure(repository);
        Project(repository, "bench", "benchmarks", "SimCLR.Core", "SimCLR.FSharp", "benchmarks");
    }

    public static void Micro(Repository repository)
    {
        Setup.Ensure(repository);
        string micro = Path.Combine("benchmarks", "micro");
        Project(repository, "micro", micro, "SimCLR.Core", micro);
    }

    /// <summary>Has the next start compile it again.</summary>
    public static void Forget(Repository repository, string name) => Stamp.Remove(StampOf(repository, name));

    private static string StampOf(Repository repository, string name) => Path.Combine(repository.State, name);

    private static bool NewestIsOurs(Repository repository) =>
        repository.At("SimCLR.FSharp", "bin", "newest.fsx") is var newest
        && File.Exists(newest)
        && File.ReadAllText(newest).Contains(Repository.Configuration + "/", StringComparison.Ordinal);

    private static void Project(Repository repository, string name, string project, params string[] sources)
    {
        string stamp = StampOf(repository, name);
        var watched = new string[sources.Length + 2];
        for (int i = 0; i < sources.Length; i++)
            watched[i] = repository.At(sources[i]);
        watched[^2] = repository.At("Directory.Build.props");
        watched[^1] = repository.At("paket.lock");
        if (!Stamp.IsOlder(stamp, watched))
            return;
        using var turn = Turn.Take(repository);
        if (!Stamp.IsOlder(stamp, watched))
            return;
        // What changes while it builds is newer than this.
        string started = stamp + ".started";
        Stamp.Touch(started);
        Step.Dotnet(repository, "Building ...", ["build", repository.At(project), .. Step.Quietly]);
        File.Move(started, stamp, true);
    }
}
