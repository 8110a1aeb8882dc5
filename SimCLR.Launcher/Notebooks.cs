namespace SimCLR.Launcher;

/// <summary>Literate notebooks, run and rendered to HTML and .ipynb.</summary>
internal static class Notebooks
{
    public static int Run(Repository repository, string[] names)
    {
        string folder = repository.At("experiments", "notebooks");
        string results = repository.At("results", "notebooks");
        string[] known = [.. Directory.GetFiles(folder, "*.fsx").Order().Select(path => Path.GetFileName(path)!)];
        if (names.Length == 0)
            names = [.. known.Select(name => Path.GetFileNameWithoutExtension(name))];
        foreach (string name in names)
            if (!known.Contains(name + ".fsx"))
                throw new LauncherException($"there is no notebook '{name}'. There are: {string.Join(' ', known)}");
        Build.Libraries(repository);
        // A folder as deep as theirs, so that their relative paths hold; fsdocs keeps its cache where it is started.
        string input = Pages.NewInput(repository, "notebooks");
        Directory.CreateDirectory(results);
        foreach (string file in Directory.GetFiles(folder, "_template.*").Concat(names.Select(Source)))
            File.Copy(file, Path.Combine(input, Path.GetFileName(file)));
        Step.Pages(
            repository,
            $"Running and rendering: {string.Join(' ', names)} ...",
            repository.State,
            "a notebook failed",
            ["--input", input, "--output", results, "--eval", "--noapidocs", "--ignoreprojects", .. Pages.Settings]
        );
        foreach (string name in names)
            File.Delete(Path.Combine(results, name + ".md"));
        Pages.Clean(results);
        foreach (string name in names)
            Say.Out($"{Path.Combine(results, name)}.html {Path.Combine(results, name)}.ipynb");
        return 0;

        string Source(string name) => Path.Combine(folder, name + ".fsx");
    }
}
