namespace SimCLR.Launcher;

/// <summary>NuGet packages of the two libraries.</summary>
internal static class Pack
{
    public static int Run(Repository repository, string[] arguments)
    {
        string folder = Path.GetFullPath(arguments is [var given, ..] ? given : repository.At("results", "packages"));
        Setup.Ensure(repository);
        Directory.CreateDirectory(folder);
        using var turn = Turn.Take(repository);
        Step.Dotnet(
            repository,
            "Packing ...",
            ["pack", repository.At("SimCLR.Research.sln"), .. Step.Quietly, "-o", folder]
        );
        foreach (string library in new[] { "SimCLR.Core", "SimCLR.FSharp" })
        foreach (string file in Directory.GetFiles(folder, library + ".*").Order(StringComparer.Ordinal))
            Say.Out(file);
        return 0;
    }
}
