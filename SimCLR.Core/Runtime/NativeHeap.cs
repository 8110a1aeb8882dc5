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

    /// <summary>As <see cref="Release"/>, where more than so much is held free: pages taken anew cost time, which small work need not pay.</summary>
    /// <param name="bytes">What may be held.</param>
    public static void ReleaseBeyond(long bytes)
    {
        if (Free > bytes)
            Release();
    }

    /// <summary>Bytes that the C library holds and nobody uses, those of holes too whose pages were given back; 0 where it does not say so (glibc before 2.33, other systems).</summary>
    internal static long Free
    {
        get
        {
            if (!OperatingSystem.IsLinux())
                return 0;
            try
            {
                return (long)Info().FreeBytes;
            }
            catch (EntryPointNotFoundException)
            {
                return 0;
            }
        }
    }

    /// <summary>glibc's struct mallinfo2.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Allocated
    {
        private readonly nuint heap,
            ordinary,
            fast,
            mapped,
            mappedBytes,
            unused,
            fastBytes,
            used;
        internal readonly nuint FreeBytes;
        private readonly nuint top;
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial Allocated Info();

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
