namespace SimCLR.Launcher;

/// <summary>A kernel of F# for Jupyter. Its project is archived: this is its last version.</summary>
internal static class Jupyter
{
    private const string Version = "1.0.712001";

    public static int Run(Repository repository, string[] arguments)
    {
        string data = arguments is [var folder, ..] ? folder : Variables.Get("JUPYTER_DATA_DIR") ?? Usual();
        string tools = Path.Combine(repository.State, "jupyter");
        string program = Path.Combine(
            tools,
            OperatingSystem.IsWindows() ? "dotnet-interactive.exe" : "dotnet-interactive"
        );
        Build.Libraries(repository);
        Restore(repository, tools, program);
        string kernel = Path.Combine(data, "kernels", ".net-fsharp");
        Directory.CreateDirectory(kernel);
        File.WriteAllText(
            Path.Combine(kernel, "kernel.json"),
            $$"""
            {
              "argv": ["{{program.Replace(
                "\\",
                "\\\\"
            )}}", "jupyter", "--default-kernel", "fsharp", "{connection_file}"],
              "display_name": ".NET (F#)",
              "language": "F#",
              "env": { "DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_CLI_TELEMETRY_OPTOUT": "1" }
            }

            """
        );
        Say.Out(kernel);
        return 0;
    }

    private static void Restore(Repository repository, string tools, string program)
    {
        using var turn = Turn.Take(repository);
        if (!File.Exists(program))
            Step.Dotnet(
                repository,
                "Restoring the .NET kernel of Jupyter ...",
                "tool",
                "install",
                "--tool-path",
                tools,
                "Microsoft.dotnet-interactive",
                "--version",
                Version
            );
        // It has an older FSharp.Core than this project is built with, which gives it its own.
        string any = $"{Path.DirectorySeparatorChar}any{Path.DirectorySeparatorChar}";
        string core = Directory
            .GetFiles(Path.Combine(tools, ".store"), "FSharp.Core.dll", SearchOption.AllDirectories)
            .First(path => path.Contains(any, StringComparison.Ordinal));
        File.Copy(Path.Combine(repository.Binaries, "FSharp.Core.dll"), core, true);
    }

    /// <summary>Where Jupyter looks, unless it is told otherwise.</summary>
    private static string Usual() =>
        OperatingSystem.IsWindows()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter")
            : Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
                OperatingSystem.IsMacOS() ? "Library/Jupyter" : ".local/share/jupyter"
            );
}
