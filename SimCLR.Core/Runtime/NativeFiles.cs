using System.Runtime.InteropServices;

namespace SimCLR.Core.Runtime;

/// <summary>Where native libraries lie: beside the application or in NuGet's package folder.</summary>
internal static class NativeFiles
{
    /// <summary>Folders beside the application, and beside this library: in F# Interactive the two differ.</summary>
    internal static IEnumerable<string> BesideApplication() =>
        from root in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(typeof(NativeFiles).Assembly.Location) }
        where !string.IsNullOrEmpty(root)
        from folder in new[] { root, Path.Combine(root, "runtimes", Rid, "native") }
        select folder;

    /// <summary>The native folders of a restored package, newest version first; the pattern may hold *.</summary>
    internal static IEnumerable<string> InPackage(string pattern, string version = "*")
    {
        var root = PackageFolder;
        if (!Directory.Exists(root))
            return [Path.Combine(root, pattern, version, "runtimes", Rid, "native")];
        return Directory
            .GetDirectories(root, pattern)
            .SelectMany(package => Directory.GetDirectories(package, version))
            .OrderByDescending(folder => Version.TryParse(Path.GetFileName(folder), out var v) ? v : new Version())
            .Select(folder => Path.Combine(folder, "runtimes", Rid, "native"));
    }

    /// <summary>The portable runtime identifier, as package folders spell it.</summary>
    internal static string Rid =>
        (
            OperatingSystem.IsWindows() ? "win"
            : OperatingSystem.IsMacOS() ? "osx"
            : "linux"
        ) + (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "-arm64" : "-x64");

    /// <summary>The platform's file name of a library.</summary>
    internal static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll"
        : OperatingSystem.IsMacOS() ? $"lib{library}.dylib"
        : $"lib{library}.so";

    private static string PackageFolder =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
}
