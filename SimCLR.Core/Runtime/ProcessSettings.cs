using System.Runtime;
using System.Runtime.InteropServices;
using SimCLR.Core.Distributed;

namespace SimCLR.Core.Runtime;

/// <summary>
/// What a training wants of the process that it runs in, whoever started that: set before libtorch and its OpenMP are loaded. What the
/// user has chosen by the usual variables of the environment stays. The launcher sets the same from the first moment on, and more
/// that can only be set there (docs/plain-dotnet.md).
/// </summary>
internal static partial class ProcessSettings
{
    private const int TrimThreshold = -1; // M_TRIM_THRESHOLD, M_MMAP_MAX and M_ARENA_MAX of glibc's malloc.h
    private const int MapMax = -4;
    private const int ArenaMax = -8;

    internal static void Apply()
    {
        // Collections in the background run beside calls of libtorch: docs/native-lifetimes.md.
        if (GCSettings.LatencyMode == GCLatencyMode.Interactive)
            GCSettings.LatencyMode = GCLatencyMode.Batch;
        if (!OperatingSystem.IsLinux())
            return;
        // Idle OpenMP threads spin briefly, then sleep: endless spinning costs ten times the speed as soon as anything else runs.
        // libgomp reads the C library's environment when it is loaded, and .NET's own is another.
        _ = SetVariable("GOMP_SPINCOUNT", "2000", overwrite: 0);
        KeepFreedMemory();
        GpuOfRank.Show();
    }

    /// <summary>Sets a variable for libraries and child processes: the C library's environment and .NET's are two.</summary>
    internal static void Set(string name, string value)
    {
        _ = SetVariable(name, value, overwrite: 1);
        Environment.SetEnvironmentVariable(name, value);
    }

    /// <summary>glibc keeps what a step frees for the next one instead of giving it back page by page.</summary>
    private static void KeepFreedMemory()
    {
        try
        {
            // Never by itself: NativeHeap.Release does, between runs.
            Choose("MALLOC_TRIM_THRESHOLD_", TrimThreshold, -1);
            // Blocks that are mapped one by one are given back as they are freed; who says from which size on wants that.
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("MALLOC_MMAP_THRESHOLD_")))
                Choose("MALLOC_MMAP_MAX_", MapMax, 0);
            // Several arenas that fill unevenly look like growth.
            Choose("MALLOC_ARENA_MAX", ArenaMax, 1);
        }
        catch (EntryPointNotFoundException)
        {
            // musl has nothing to choose.
        }
    }

    private static void Choose(string variable, int parameter, int value)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable)))
            _ = Option(parameter, value);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Option(int parameter, int value);
}
