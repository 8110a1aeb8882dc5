using System.Runtime.InteropServices;

namespace SimCLR.Core.Runtime;

/// <summary>Memory that libtorch allocates outside .NET's heap.</summary>
public static partial class NativeHeap
{
    /// <summary>Gives what is free, and what only unreachable objects of .NET still hold, back to the system. glibc, left to itself or
    /// told to keep it (see the launcher), does not do so for pages between others in use. Another C library does as it likes.</summary>
    public static void Release()
    {
        // A tensor's handle frees its memory when it is finalized.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = Trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // musl keeps less by itself.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
