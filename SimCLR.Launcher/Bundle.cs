namespace SimCLR.Launcher;

/// <summary>The measurements as an archive for a GPU machine without .NET and network.</summary>
internal static class Bundle
{
    private const int LargestMiB = 60;

    public static int Run(Repository repository, string[] arguments)
    {
        var (folder, data) = Read(repository, arguments);
        Setup.Ensure(repository);
        string inside = Path.Combine(Path.GetFullPath(folder), "simclr-bench");
        Directory.CreateDirectory(folder);
        if (Directory.Exists(inside))
            Directory.Delete(inside, true);
        Publish(repository, inside);
        foreach (string name in new[] { "benchmarks/bundle/run.sh", "benchmarks/GPU.md", "LICENSE" })
            File.Copy(repository.At(name.Split('/')), Path.Combine(inside, Path.GetFileName(name)));
        if (data is not null)
            File.Copy(data, Path.Combine(inside, "cifar10-jpeg.tar.xz"));
        string archive = inside + ".tar.xz";
        Compress(repository, inside, archive);
        Directory.Delete(inside, true);
        long size = new FileInfo(archive).Length >> 20;
        if (size >= LargestMiB)
            throw new LauncherException($"{archive} has {size} MiB; it must stay under {LargestMiB}");
        Say.Out($"{archive}, {size} MiB");
        return 0;
    }

    private static (string Folder, string? Data) Read(Repository repository, string[] arguments)
    {
        string folder = Path.Combine(repository.State, "bundle");
        string? data = null;
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--data")
            {
                data = i + 1 < arguments.Length && File.Exists(arguments[i + 1]) ? arguments[++i] : null;
                if (data is null)
                    throw new LauncherException("--data needs a file: CIFAR-10 as cifar10-jpeg.tar.xz");
            }
            else if (arguments[i].StartsWith('-'))
                throw new LauncherException($"publish-bench has no option '{arguments[i]}'");
            else
                folder = arguments[i];
        }
        return (folder, data);
    }

    /// <summary>Of the runtime only what is used; of this project and of TorchSharp everything, as modules are found by reflection.</summary>
    private static void Publish(Repository repository, string inside)
    {
        using var turn = Turn.Take(repository);
        string programs = Path.Combine(inside, "bench");
        Step.Dotnet(
            repository,
            "Publishing ...",
            [
                "publish",
                repository.At("benchmarks"),
                .. Step.Quietly,
                "-o",
                programs,
                "--self-contained",
                "-p:PublishTrimmed=true",
                "-p:TrimMode=partial",
                "-p:SuppressTrimAnalysisWarnings=true",
                "-p:JsonSerializerIsReflectionEnabledByDefault=true",
                "-p:DebugType=none",
                "-p:EmbedAllSources=false",
                "-p:CopyOutputSymbolsToPublishDirectory=false",
            ]
        );
        Build.Forget(repository, "bench");
        foreach (string file in Directory.GetFiles(programs))
            if (Path.GetExtension(file) is ".xml" or ".pdb")
                File.Delete(file);
    }

    private static void Compress(Repository repository, string folder, string archive)
    {
        Say.Error("Packing ...");
        Variables.Set("XZ_OPT", "-T0 -6");
        string tar = Child.OnPath("tar") ?? throw new LauncherException("there is no tar on PATH");
        using var log = File.Create(repository.Log);
        string[] arguments = ["-cJf", archive, "-C", Path.GetDirectoryName(folder)!, Path.GetFileName(folder)];
        if (Child.Listen(tar, repository.Root, log.Write, arguments) != 0)
            throw new LauncherException($"tar could not write {archive} (the whole output is in {repository.Log})");
    }
}
