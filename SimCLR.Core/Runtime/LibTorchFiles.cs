namespace SimCLR.Core.Runtime;

/// <summary>The libraries that make up a libtorch.</summary>
internal static class LibTorchFiles
{
    /// <summary>Those without which nothing loads.</summary>
    internal static readonly IReadOnlyList<string> Required = ["c10", "torch_cpu", "torch"];

    /// <summary>Those that are there, dependencies first: later libraries name earlier ones without a path.</summary>
    internal static IEnumerable<string> ToLoad(string folder) =>
        new[] { "c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch" }
            .Select(name => Library(folder, name))
            .Where(File.Exists);

    /// <summary>Looks before anything is loaded whether all is there and, on Linux, whole: the linker maps a library that is cut short, and the process
    /// ends without a word at the first page that is missing.</summary>
    /// <exception cref="LibTorchNotFoundException">Something is missing or cut short; the message names it and says what to do.</exception>
    internal static void RequireWhole(string folder, string shim)
    {
        foreach (var path in Required.Select(name => Library(folder, name)).Where(path => !File.Exists(path)))
            throw new LibTorchNotFoundException(
                $"libtorch is incomplete: {folder} has no {Path.GetFileName(path)}. {NativeFiles.RestoreAgain(path)}"
            );
        if (!OperatingSystem.IsLinux())
            return;
        foreach (var path in ToLoad(folder).Concat(Directory.GetFiles(folder, "libgomp*.so*")).Append(shim))
            try
            {
                ElfLibrary.RequireWhole(path);
            }
            catch (InvalidDataException error)
            {
                throw new LibTorchNotFoundException(
                    $"libtorch is incomplete: {path}: {error.Message} {NativeFiles.RestoreAgain(path)}",
                    error
                );
            }
    }

    private static string Library(string folder, string name) => Path.Combine(folder, NativeFiles.FileName(name));
}
