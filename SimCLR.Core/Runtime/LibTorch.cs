using System.Runtime.InteropServices;
using TorchSharp;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Finds libtorch and loads it before the first tensor is made. Call <see cref="Load"/> first; every entry point of this
/// library does. The places, in order: the folder named by SIMCLR_LIBTORCH (any libtorch or pip-installed PyTorch),
/// natives beside the application, NuGet's package folder (CUDA package before CPU package).
/// </summary>
public static class LibTorch
{
    /// <summary>Environment variable naming the lib folder of a libtorch or of an installed PyTorch.</summary>
    public const string FolderVariable = "SIMCLR_LIBTORCH";

    private static readonly Lazy<LibTorchOrigin> Loaded = new(LoadOnce);

    /// <summary>Loads libtorch once per process and says where it came from.</summary>
    /// <exception cref="LibTorchNotFoundException">No usable libtorch; the message lists the places tried and the remedies.</exception>
    public static LibTorchOrigin Load() => Loaded.Value;

    private static LibTorchOrigin LoadOnce()
    {
        ProcessSettings.Apply();
        var origin = Find();
        var shim = FindShim();
        LibTorchFiles.RequireWhole(origin.Folder, shim);
        if (origin.Kind == FolderVariable)
            origin = origin with { Missing = ForeignLibTorch.Check(origin.Folder, shim) };
        foreach (var library in LibTorchFiles.ToLoad(origin.Folder))
            ForeignLibTorch.Load(library);
        var (handle, mended) = Shim.Load(shim);
        foreach (var assembly in new[] { typeof(torch).Assembly, typeof(LibTorch).Assembly })
            NativeLibrary.SetDllImportResolver(
                assembly,
                (name, _, _) => name == "LibTorchSharp" ? handle : IntPtr.Zero
            );
        torch.InitializeDeviceType(DeviceType.CPU);
        return origin with { Mended = mended, LeavesOneDnnOut = OneDnn.LeaveOutWhereWrong() };
    }

    private static LibTorchOrigin Find()
    {
        var asked = Environment.GetEnvironmentVariable(FolderVariable);
        if (!string.IsNullOrEmpty(asked))
        {
            var folder = ForeignLibTorch.Folder(asked);
            return new LibTorchOrigin(folder, FolderVariable) { Version = ForeignLibTorch.Version(folder) };
        }

        var places = BesideApplication().Concat(InPackages()).ToList();
        return places.FirstOrDefault(place => HasLibTorch(place.Folder))
            ?? throw new LibTorchNotFoundException(
                $"libtorch was not found. {NativeFiles.Restore} Or set "
                    + $"{FolderVariable} to the lib folder of an installed PyTorch. Looked in: "
                    + string.Join(", ", places.Select(place => place.Folder))
            );
    }

    private static IEnumerable<LibTorchOrigin> BesideApplication() =>
        NativeFiles.BesideApplication().Select(folder => new LibTorchOrigin(folder, "application folder"));

    private static IEnumerable<LibTorchOrigin> InPackages() =>
        from package in new[] { $"libtorch-cuda-*-{NativeFiles.Rid}", $"libtorch-cpu-{NativeFiles.Rid}" }
        from folder in NativeFiles.InPackage(package)
        select new LibTorchOrigin(folder, "NuGet package");

    /// <summary>The native half of TorchSharp: beside the application, else in the package that TorchSharp.dll came from.</summary>
    private static string FindShim()
    {
        var name = NativeFiles.FileName("LibTorchSharp");
        var places = NativeFiles
            .BesideApplication()
            .Concat(NativeFiles.InPackage("torchsharp", NativeFiles.TorchSharpVersion))
            .Select(folder => Path.Combine(folder, name))
            .ToList();
        return places.FirstOrDefault(File.Exists)
            ?? throw new LibTorchNotFoundException(
                $"{name} was not found. {NativeFiles.Restore} Looked in: {string.Join(", ", places)}"
            );
    }

    private static bool HasLibTorch(string folder) =>
        File.Exists(Path.Combine(folder, NativeFiles.FileName("torch_cpu")));
}

/// <summary>Where libtorch was loaded from.</summary>
/// <param name="Folder">The folder of the libraries.</param>
/// <param name="Kind">Which of the places it is.</param>
/// <param name="Mended">True when this machine's libstdc++ is older than GCC 13's and the shim was loaded from a mended copy.</param>
public sealed record LibTorchOrigin(string Folder, string Kind, bool Mended = false)
{
    /// <summary>Version of a libtorch named by <see cref="LibTorch.FolderVariable"/>, as it tells it itself; null where unknown.</summary>
    public string? Version { get; init; }

    /// <summary>True where oneDNN, which would be wrong on this virtual machine, is left to libtorch's own convolutions.</summary>
    public bool LeavesOneDnnOut { get; init; }

    /// <summary>Functions that such a libtorch lacks and TorchSharp may call; empty unless SIMCLR_LIBTORCH_MISSING is 'allow'.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];
}

/// <summary>The error that libtorch, or TorchSharp's native half, could not be found or loaded.</summary>
public sealed class LibTorchNotFoundException(string message, Exception? inner = null) : Exception(message, inner);
