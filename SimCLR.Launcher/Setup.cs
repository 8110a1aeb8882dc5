namespace SimCLR.Launcher;

/// <summary>Tools and packages, restored where they are not.</summary>
internal static class Setup
{
    /// <summary>Asked for by name, it restores what has gone since the last time, too.</summary>
    public static int Run(Repository repository, string[] arguments)
    {
        if (arguments.Length > 0 && arguments[0] != "--cuda")
            throw new LauncherException($"setup takes --cuda or nothing, not '{arguments[0]}'");
        Stamp.Remove(StampOf(repository));
        Stamp.Remove(repository.At("paket-files", "paket.restore.cached"));
        Ensure(repository);
        if (arguments.Length > 0)
            Cuda.Restore(repository);
        return 0;
    }

    public static void Ensure(Repository repository)
    {
        if (IsDone(repository))
            return;
        using var turn = Turn.Take(repository);
        if (IsDone(repository))
            return;
        Machine.Check(repository);
        Directory.CreateDirectory(repository.State);
        Step.Dotnet(repository, "Restoring tools ...", "tool", "restore");
        // Where packages were restored to another folder, only force has them restored again.
        string[] force = repository.HasPackages ? [] : ["--force"];
        Step.Dotnet(
            repository,
            "Restoring packages (the first time: about 390 MB) ...",
            ["paket", "restore", .. force]
        );
        Stamp.Touch(StampOf(repository));
    }

    private static string StampOf(Repository repository) => Path.Combine(repository.State, "setup");

    private static bool IsDone(Repository repository) =>
        repository.HasPackages
        && !Stamp.IsOlder(
            StampOf(repository),
            repository.At("paket.lock"),
            repository.At(".config", "dotnet-tools.json")
        );
}
