namespace SimCLR.Launcher;

/// <summary>Measurements of speed.</summary>
internal static class Bench
{
    public static int Run(Repository repository, string[] arguments)
    {
        if (arguments is ["micro", .. var filter])
            return Micro(repository, filter);
        Build.Benchmarks(repository);
        return Child.Become([Program(repository, "benchmarks", "SimCLR.Benchmarks.dll"), .. arguments]);
    }

    private static int Micro(Repository repository, string[] filter)
    {
        Build.Micro(repository);
        // What BenchmarkDotNet writes goes there.
        Environment.CurrentDirectory = repository.State;
        string[] all = filter.Length > 0 ? filter : ["*"];
        return Child.Become([
            Program(repository, Path.Combine("benchmarks", "micro"), "SimCLR.Micro.dll"),
            "--filter",
            .. all,
        ]);
    }

    private static string Program(Repository repository, string project, string name) =>
        repository.At(project, "bin", Repository.Configuration, "net10.0", name);
}
