using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

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

    /// <summary>How packages that are not there are restored.</summary>
    internal static string Restore =>
        "In a clone of SimCLR.Research run './simclr setup' (or 'dotnet paket restore --force'); "
        + "in a project of your own add the package TorchSharp-cpu "
        + TorchSharpVersion
        + ", in a script of your own #r \"nuget: TorchSharp-cpu, "
        + TorchSharpVersion
        + "\".";

    /// <summary>The TorchSharp that this library was built with, as packages spell it.</summary>
    internal static string TorchSharpVersion =>
        (
            typeof(torch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? ""
        ).Split('+')[0];

    /// <summary>How a library that is damaged, or that others miss beside them, comes to be whole.</summary>
    internal static string RestoreAgain(string library)
    {
        var root = Path.GetFullPath(PackageFolder) + Path.DirectorySeparatorChar;
        var path = Path.GetFullPath(library);
        if (!path.StartsWith(root, StringComparison.Ordinal))
            return "Build or publish the application again, or install that libtorch again.";
        var parts = path[root.Length..].Split(Path.DirectorySeparatorChar);
        return $"Restore again: delete {Path.Combine(root, parts[0], parts[1])}, then run './simclr setup' "
            + "(or 'dotnet paket restore --force') in a clone of SimCLR.Research, 'dotnet restore' in a project of your own.";
    }

    /// <summary>NuGet's package folder: that which TorchSharp.dll was loaded from, as in F# Interactive, else the user's.</summary>
    private static string PackageFolder =>
        PackageFolderOf(typeof(torch).Assembly.Location)
        ?? Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>The package folder of FOLDER/torchsharp/VERSION/lib/FRAMEWORK/TorchSharp.dll; null of another path.</summary>
    internal static string? PackageFolderOf(string assembly)
    {
        var package = Path.GetFullPath(Path.Combine(assembly, "..", "..", "..", ".."));
        return string.Equals(Path.GetFileName(package), "torchsharp", StringComparison.OrdinalIgnoreCase)
            ? Path.GetDirectoryName(package)
            : null;
    }
}
