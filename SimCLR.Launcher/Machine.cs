using System.Text;

namespace SimCLR.Launcher;

/// <summary>What this machine has of what is needed.</summary>
internal static class Machine
{
    /// <summary>The version of the .NET SDK that the clone is built with; null where none fits.</summary>
    public static string? Sdk(Repository repository) =>
        Child.Answer(Child.Dotnet, repository.Root, "--version")?.Trim();

    /// <summary>What is told where no SDK fits.</summary>
    public static (string Problem, string Remedy) NoSdk()
    {
        string installed = Child.Answer(Child.Dotnet, Path.GetPathRoot(Child.Dotnet)!, "--list-sdks") ?? "";
        return (
            "no .NET SDK that fits global.json",
            $"Installed: {string.Join(' ', installed.Split('\n').Take(5)).Trim()}. Install the .NET SDK 10."
        );
    }

    /// <summary>The folder of an SDK, which has the compiler and F# Interactive.</summary>
    public static string SdkFolder(Repository repository)
    {
        if (Sdk(repository) is { } version)
            foreach (string line in (Child.Answer(Child.Dotnet, repository.Root, "--list-sdks") ?? "").Split('\n'))
                if (line.StartsWith(version + " [", StringComparison.Ordinal))
                    return Path.Combine(line.Trim()[(version.Length + 2)..^1], version);
        var (problem, remedy) = NoSdk();
        throw new LauncherException($"{problem}. {remedy}");
    }

    /// <summary>The libstdc++ that programs get; null where that cannot be told.</summary>
    public static string? LibStdCxx()
    {
        const string name = "libstdc++.so.6";
        foreach (string folder in (Variables.Get("LD_LIBRARY_PATH") ?? "").Split(':'))
            if (folder != "" && Path.Combine(folder, name) is var path && File.Exists(path))
                return path;
        // Not everybody has its folder on PATH.
        string? program = Child.OnPath("ldconfig", "/sbin", "/usr/sbin");
        string listed = program is null ? "" : Child.Answer(program, "/", "-p") ?? "";
        string? found = listed.Split('\n').FirstOrDefault(line => line.Contains(name + " ") && line.Contains("=> "));
        return found?[(found.IndexOf("=> ", StringComparison.Ordinal) + 3)..].Trim();
    }

    public static bool HasSymbols(string library, string version) =>
        File.ReadAllBytes(library).AsSpan().IndexOf(Encoding.ASCII.GetBytes(version)) >= 0;

    /// <summary>Before anything is restored: fails without an SDK, and says so where libstdc++ is old.</summary>
    public static void Check(Repository repository)
    {
        if (Sdk(repository) is null)
        {
            var (problem, remedy) = NoSdk();
            throw new LauncherException($"{problem}. {remedy}");
        }
        if (OperatingSystem.IsLinux() && LibStdCxx() is { } library && !HasSymbols(library, "GLIBCXX_3.4.32"))
            Say.Error(
                "libstdc++ is older than GCC 13's: TorchSharp's native library will be loaded from a mended copy "
                    + "in your cache folder. Nothing on the system is changed (docs/libstdcxx.md)."
            );
    }
}
