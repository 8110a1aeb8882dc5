using System.Runtime.InteropServices;

namespace SimCLR.Core.Runtime;

/// <summary>NVIDIA's GPUs as their driver knows them: TorchSharp tells neither their name nor what they can do.</summary>
public static partial class Gpu
{
    private const string Source = "/proc/driver/nvidia/gpus";
    private const int Major = 75; // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR

    private static readonly Lazy<int?> Generation = new(ReadGeneration);

    /// <summary>The machine's models, each once, as Linux's driver names them; empty where there are none or it tells none.</summary>
    public static IReadOnlyList<string> Models =>
        Directory.Exists(Source)
            ?
            [
                .. Directory
                    .GetFiles(Source, "information", SearchOption.AllDirectories)
                    .Select(file => Model(File.ReadLines(file)))
                    .OfType<string>()
                    .Distinct(),
            ]
            : [];

    /// <summary>Whether the first GPU computes bfloat16: from compute capability 8.0 (Ampere) on; below it libtorch's convolutions leave cuDNN. Taken
    /// to be so where the driver does not tell.</summary>
    internal static bool HasBFloat16 => Generation.Value is not < 8;

    /// <summary>The model that a file "information" of the driver names.</summary>
    internal static string? Model(IEnumerable<string> information) =>
        Processor.Parse(information).GetValueOrDefault("Model");

    private static int? ReadGeneration()
    {
        try
        {
            return Initialize(0) == 0 && Device(out var device, 0) == 0 && Attribute(out var major, Major, device) == 0
                ? major
                : null;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libcuda.so.1", EntryPoint = "cuInit")]
    private static partial int Initialize(uint flags);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuDeviceGet")]
    private static partial int Device(out int device, int ordinal);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuDeviceGetAttribute")]
    private static partial int Attribute(out int value, int attribute, int device);
}
