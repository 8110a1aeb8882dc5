using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Somebody else's libtorch: a libtorch download's lib folder, or the torch/lib of an installed PyTorch. It is looked at before it is
/// loaded, because TorchSharp's native half, made for another version, would end the process without a word at the first missing function.
/// </summary>
internal static partial class ForeignLibTorch
{
    /// <summary>Version that TorchSharp 0.107's native half is made for.</summary>
    internal const string MadeFor = "2.10";

    /// <summary>Environment variable: 'allow' loads a libtorch that lacks functions. The process ends if one of them is called.</summary>
    internal const string MissingVariable = "SIMCLR_LIBTORCH_MISSING";

    private const int NamesShown = 5;

    /// <summary>The folder of the libraries: the given one, or its lib folder (the torch folder of a PyTorch was given).</summary>
    /// <exception cref="LibTorchNotFoundException">Neither has libtorch_cpu.</exception>
    internal static string Folder(string asked)
    {
        if (!Directory.Exists(asked))
            throw new LibTorchNotFoundException(
                $"{LibTorch.FolderVariable} is '{asked}', but there is no such folder. {Remedy}"
            );
        return new[] { asked, Path.Combine(asked, "lib"), Path.Combine(asked, "torch", "lib") }.FirstOrDefault(folder =>
                File.Exists(Library(folder, "torch_cpu"))
            )
            ?? throw new LibTorchNotFoundException(
                $"{LibTorch.FolderVariable} is '{asked}', but there is no {NativeFiles.FileName("torch_cpu")} in it. {Remedy}"
            );
    }

    /// <summary>The version as PyTorch (version.py) or a libtorch download (build-version) tells it, null where neither is there.</summary>
    internal static string? Version(string folder)
    {
        var above = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) ?? folder;
        var script = Path.Combine(above, "version.py");
        if (File.Exists(script) && VersionLine().Match(File.ReadAllText(script)) is { Success: true } match)
            return match.Groups[1].Value;
        var note = Path.Combine(above, "build-version");
        return File.Exists(note) ? File.ReadAllText(note).Trim() : null;
    }

    /// <summary>Checks on Linux that the libraries are of this processor and have what the shim wants.</summary>
    /// <returns>The functions that are missing, where the user allows that.</returns>
    /// <exception cref="LibTorchNotFoundException">They cannot be used; the message says why and what to do.</exception>
    internal static IReadOnlyList<string> Check(string folder, string shim)
    {
        if (!OperatingSystem.IsLinux())
            return [];
        var libraries = new List<ElfLibrary>();
        foreach (var name in LibTorchFiles.Required)
            libraries.Add(Read(Library(folder, name)));
        var missing = ElfLibrary.Missing(Read(shim), libraries);
        if (missing.Count == 0)
            return [];
        var allowed = Environment.GetEnvironmentVariable(MissingVariable) == "allow" && !missing.ContainsValue(true);
        return allowed ? [.. missing.Keys.Order()] : throw Unfit(folder, missing);
    }

    /// <summary>
    /// Loads a library. What it depends on and is in no usual place is looked for in the CUDA packages installed by pip beside
    /// PyTorch (site-packages/nvidia/*/lib).
    /// </summary>
    /// <exception cref="LibTorchNotFoundException">It does not load.</exception>
    internal static void Load(string path) => Load(path, []);

    private static void Load(string path, HashSet<string> tried)
    {
        while (!NativeLibrary.TryLoad(path, out _))
        {
            var reason = Failure(path);
            if (MissingFile().Match(reason) is not { Success: true } match || !tried.Add(match.Groups[1].Value))
                throw new LibTorchNotFoundException(
                    $"{path} does not load: {reason}. {NativeFiles.RestoreAgain(path)} Or: {Remedy}"
                );
            var needed = Packages(path)
                .Select(folder => Path.Combine(folder, match.Groups[1].Value))
                .FirstOrDefault(File.Exists);
            Load(
                needed
                    ?? throw new LibTorchNotFoundException(
                        $"{path} needs {match.Groups[1].Value}, which is neither installed nor in {SitePackages(path)}/nvidia/*/lib. "
                            + $"{NativeFiles.RestoreAgain(path)} Or add its folder to LD_LIBRARY_PATH."
                    ),
                tried
            );
        }
    }

    private static string Failure(string path)
    {
        try
        {
            NativeLibrary.Load(path);
            return "";
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            // The first line is .NET's own advice; the linker's reasons follow.
            var reasons = error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Distinct();
            return string.Join("; ", reasons).TrimEnd('.') is { Length: > 0 } told ? told : error.Message.TrimEnd('.');
        }
    }

    /// <summary>site-packages/nvidia/*/lib of a library in site-packages/torch/lib, or of one that is itself there.</summary>
    internal static IEnumerable<string> Packages(string library)
    {
        var root = Path.Combine(SitePackages(library), "nvidia");
        return Directory.Exists(root)
            ? Directory.GetDirectories(root).Select(package => Path.Combine(package, "lib")).Where(Directory.Exists)
            : [];
    }

    private static string SitePackages(string library)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(library));
        for (; folder is not null; folder = Path.GetDirectoryName(folder))
            if (Directory.Exists(Path.Combine(folder, "nvidia")))
                return folder;
        return Path.GetFullPath(Path.Combine(Path.GetDirectoryName(library)!, "..", ".."));
    }

    private static ElfLibrary Read(string path)
    {
        try
        {
            var library = ElfLibrary.Read(path);
            return library.Machine == ElfLibrary.Here
                ? library
                : throw new LibTorchNotFoundException(
                    $"{path} is of another processor (ELF machine {library.Machine}, this one is {ElfLibrary.Here}). {Remedy}"
                );
        }
        catch (InvalidDataException error)
        {
            throw new LibTorchNotFoundException($"{path} cannot be used: {error.Message} {Remedy}", error);
        }
    }

    private static LibTorchNotFoundException Unfit(string folder, Dictionary<string, bool> missing)
    {
        var names = missing.OrderByDescending(name => name.Value).ThenBy(name => name.Key).Select(name => name.Key);
        var version = Version(folder) is { } known ? $"version {known}" : "of unknown version";
        var rest = missing.Count > NamesShown ? $" and {missing.Count - NamesShown} more" : "";
        return new LibTorchNotFoundException(
            $"The libtorch in {folder} is {version}; TorchSharp 0.107 is made for {MadeFor}, and this one lacks "
                + $"{missing.Count} of the symbols that it needs: {string.Join(", ", names.Take(NamesShown))}{rest}. "
                + $"Use PyTorch {MadeFor}"
                + (
                    missing.ContainsValue(true)
                        ? "."
                        : $", or set {MissingVariable}=allow to go on: the process ends when one of those functions is called."
                )
        );
    }

    private static string Library(string folder, string name) => Path.Combine(folder, NativeFiles.FileName(name));

    private const string Remedy =
        "Set "
        + LibTorch.FolderVariable
        + " to the lib folder of a libtorch or of an installed PyTorch "
        + "(python3 -c \"import torch, os; print(os.path.dirname(torch.__file__) + '/lib')\"), or unset it.";

    [GeneratedRegex(@"^__version__ = ['""]([^'""]+)", RegexOptions.Multiline)]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")]
    private static partial Regex MissingFile();
}
