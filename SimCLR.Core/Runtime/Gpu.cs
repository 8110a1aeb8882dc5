using System.Runtime.InteropServices;

namespace SimCLR.Core.Runtime;

/// <summary>NVIDIA's GPUs as their driver knows them: TorchSharp tells neither their name nor what they can do.</summary>
public static partial class Gpu
{
    private const string Source = "/proc/driver/nvidia/gpus";
    private const int Major = 75; // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
    private const int Minor = 76;

    private static readonly Lazy<(int Major, int Minor)?> Told = new(ReadCapability);

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

    /// <summary>GPUs of the machine, as Linux's driver tells; 0 where there are none or it tells none.</summary>
    internal static int Count => Directory.Exists(Source) ? Directory.GetDirectories(Source).Length : 0;

    /// <summary>Whether the first GPU computes bfloat16: from compute capability 8.0 (Ampere) on; below it libtorch's convolutions leave cuDNN. Taken
    /// to be so where the driver does not tell.</summary>
    internal static bool HasBFloat16 => Capability is not { Major: < 8 };

    /// <summary>The first GPU's compute capability; null where the driver does not tell.</summary>
    internal static (int Major, int Minor)? Capability => Told.Value;

    /// <summary>The model that a file "information" of the driver names.</summary>
    internal static string? Model(IEnumerable<string> information) =>
        Processor.Parse(information).GetValueOrDefault("Model");

    /// <summary>Throws what a function of CUDA, or of libtorch's C interface, says it could not do.</summary>
    /// <exception cref="ExternalException">The status is not 0.</exception>
    internal static void Check(int status, string what)
    {
        if (status != 0)
            throw new ExternalException($"CUDA error {status} of {what}", status);
    }

    /// <summary>Free and total memory of a GPU in bytes, all processes counted; what libtorch keeps for later is not free. Null where the driver does not
    /// tell.</summary>
    internal static (long Free, long Total)? Memory(int ordinal = 0)
    {
        try
        {
            if (Initialize(0) != 0 || Device(out var device, ordinal) != 0 || Retain(out var context, device) != 0)
                return null;
            // The context that libtorch uses, too.
            var told =
                Push(context) == 0 && MemoryInfo(out var free, out var total) == 0
                    ? ((long)free, (long)total)
                    : ((long, long)?)null;
            _ = Pop(out _);
            _ = Release(device);
            return told;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    private static (int Major, int Minor)? ReadCapability()
    {
        try
        {
            return
                Initialize(0) == 0
                && Device(out var device, 0) == 0
                && Attribute(out var major, Major, device) == 0
                && Attribute(out var minor, Minor, device) == 0
                ? (major, minor)
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

    [LibraryImport("libcuda.so.1", EntryPoint = "cuDevicePrimaryCtxRetain")]
    private static partial int Retain(out nint context, int device);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial int Release(int device);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuCtxPushCurrent_v2")]
    private static partial int Push(nint context);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuCtxPopCurrent_v2")]
    private static partial int Pop(out nint context);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemGetInfo_v2")]
    private static partial int MemoryInfo(out nuint free, out nuint total);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuDeviceGetAttribute")]
    private static partial int Attribute(out int value, int attribute, int device);
}
