using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>The number format of the forward pass; weights, loss and optimizer stay float32.</summary>
public enum Precision
{
    /// <summary>BFloat16 where the device computes it faster, else Float32.</summary>
    Auto,

    /// <summary>Single precision throughout; on GPUs from Ampere on, cuDNN's convolutions round their inputs to TF32, as libtorch has it by default.</summary>
    Float32,

    /// <summary>Autocast to bfloat16: convolutions and matrix products in bfloat16, reductions in float32.</summary>
    BFloat16,

    /// <summary>Float32 whose matrix products are rounded to TF32 on such GPUs, too, in evaluation as well. On other devices Float32.</summary>
    Tf32,

    /// <summary>Float32 without TF32 anywhere, as IEEE 754 has it, in evaluation as well. On CPUs Float32.</summary>
    Ieee,
}

/// <summary>
/// Autocast of libtorch, which TorchSharp does not expose: four functions of libtorch_cpu by their mangled names.
/// It is a state of the calling thread.
/// </summary>
public static partial class Autocast
{
    private static readonly Lazy<bool> Exported = new(TrySymbols);

    /// <summary>Whether this libtorch exports autocast.</summary>
    public static bool IsAvailable => Exported.Value;

    /// <summary>Resolves <see cref="Precision.Auto"/>, and falls back to float32 with a warning where autocast is missing.</summary>
    /// <param name="asked">What the run asks for.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="warn">Told, in words, when the answer is not what was asked.</param>
    /// <returns>Never <see cref="Precision.Auto"/>.</returns>
    public static Precision Resolve(Precision asked, Device device, Action<string>? warn = null)
    {
        if (asked is Precision.Tf32 or Precision.Ieee)
            return device.type == DeviceType.CUDA ? asked : Precision.Float32;
        if (asked == Precision.Float32)
            return asked;
        if (asked == Precision.Auto && !IsFast(device))
            return Precision.Float32;
        if (asked == Precision.BFloat16 && !IsAvailable)
            warn?.Invoke("This libtorch exports no autocast: the run computes in float32.");
        else if (asked == Precision.BFloat16 && !IsSupported(device))
            warn?.Invoke(
                (
                    device.type == DeviceType.CPU && Processor.HidesCaches
                        ? "This virtual machine hides its processor's caches, so that oneDNN cannot compute in bfloat16"
                        : "This device has no instructions for bfloat16"
                )
                    + ": the run is ten times slower than in float32, or worse. "
                    + "Ask for Float32, or for Auto, which is Float32 here."
            );
        return IsAvailable ? Precision.BFloat16 : Precision.Float32;
    }

    /// <summary>Whether the device computes in bfloat16 at a speed that is of use.</summary>
    public static bool IsSupported(Device device) =>
        device.type == DeviceType.CUDA ? Gpu.HasBFloat16 : !Processor.HidesCaches && IsSupported(Processor.Flags);

    /// <summary>The same by the flags of a processor: oneDNN computes bfloat16 with AVX-512 or better; with AVX2 alone a ResNet-18 took more
    /// than twenty times as long as in float32. Where the system names no flags, it is taken to be so.</summary>
    internal static bool IsSupported(IReadOnlyList<string> flags) =>
        !flags.Contains("avx2") || flags.Contains("avx512bw") || flags.Contains("avx_ne_convert");

    /// <summary>Runs what follows on this thread in that precision, until what is returned is disposed on it.</summary>
    /// <param name="precision">Other than <see cref="Precision.BFloat16"/>, nothing changes.</param>
    /// <param name="device">Where it is computed.</param>
    public static IDisposable Enter(Precision precision, Device device) =>
        precision == Precision.BFloat16 ? new Region(device.type) : Nothing.Instance;

    /// <summary>Runs what follows in the precision of its tensors, until disposed.</summary>
    internal static IDisposable Pause(DeviceType device) =>
        IsActive(device) ? new Pausing((sbyte)device) : Nothing.Instance;

    /// <summary>Whether what this thread computes on such a device is computed in bfloat16.</summary>
    internal static bool IsActive(DeviceType device) => IsAvailable && IsEnabled((sbyte)device);

    /// <summary>CPUs without AVX512-BF16 or AMX emulate bfloat16. With the former, AMD's were measured at twice the speed of float32, Intel's
    /// without AMX at three quarters of it (ResNet-18, benchmarks/RESULTS.md).</summary>
    private static bool IsFast(Device device) =>
        device.type == DeviceType.CUDA
            ? Gpu.HasBFloat16
            : !Processor.HidesCaches && IsFast(Processor.Vendor, Processor.Flags);

    /// <summary>The same by the vendor and flags of a processor.</summary>
    internal static bool IsFast(string vendor, IReadOnlyList<string> flags) =>
        flags.Contains("amx_bf16") || (vendor == "AuthenticAMD" && flags.Contains("avx512_bf16"));

    private static bool TrySymbols()
    {
        try
        {
            _ = IsEnabled((sbyte)DeviceType.CPU);
            return true;
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    private sealed class Region : IDisposable
    {
        private const sbyte BFloat16 = 15; // c10::ScalarType::BFloat16
        private readonly sbyte type;
        private readonly bool before;

        internal Region(DeviceType device)
        {
            type = (sbyte)device;
            before = IsEnabled(type);
            SetDtype(type, BFloat16);
            SetEnabled(type, true);
        }

        public void Dispose()
        {
            SetEnabled(type, before);
            // The cache holds the weights' bfloat16 copies, stale after the optimizer's step.
            ClearCache();
        }
    }

    private sealed class Pausing : IDisposable
    {
        private readonly sbyte type;

        internal Pausing(sbyte device) => SetEnabled(type = device, false);

        public void Dispose() => SetEnabled(type, true);
    }

    private sealed class Nothing : IDisposable
    {
        internal static readonly Nothing Instance = new();

        public void Dispose() { }
    }

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb")]
    private static partial void SetEnabled(sbyte device, [MarshalAs(UnmanagedType.U1)] bool enabled);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at8autocast19is_autocast_enabledEN3c1010DeviceTypeE")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static partial bool IsEnabled(sbyte device);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE")]
    private static partial void SetDtype(sbyte device, sbyte scalarType);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at8autocast11clear_cacheEv")]
    private static partial void ClearCache();
}
