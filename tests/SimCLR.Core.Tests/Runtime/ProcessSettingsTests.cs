using System.Runtime.InteropServices;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Runtime;

public partial class ProcessSettingsTests
{
    /// <summary>Larger than anything that the heap has free, so that it lies at its end.</summary>
    private const int Large = 1 << 30;

    public ProcessSettingsTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The C library is Linux's.");
        LibTorch.Load();
    }

    [Fact]
    public void OpenMP_threads_sleep_soon_unless_the_user_says_otherwise()
    {
        var asked = Environment.GetEnvironmentVariable("GOMP_SPINCOUNT");
        Assert.Equal(asked ?? "2000", Marshal.PtrToStringUTF8(Variable("GOMP_SPINCOUNT")));
    }

    [Fact]
    public void Blocks_of_any_size_stay_in_the_heap_when_they_are_freed_until_it_is_released()
    {
        NeedLarge();
        Assert.Equal(0, Mapped(31 << 20));
        Assert.Equal(0, Mapped(Large));
        Assert.InRange(Heap().HeapBytes, (nuint)Large, nuint.MaxValue);
        NativeHeap.Release();
        Assert.InRange(Heap().TopBytes, (nuint)0, (nuint)(Large / 2));
    }

    [Fact]
    public void What_is_free_is_given_back_only_where_it_is_more_than_may_be_held()
    {
        NeedLarge();
        _ = Mapped(Large);
        // Holes count as free whether their pages are there or not.
        Assert.InRange(NativeHeap.Free, Large, long.MaxValue);
        NativeHeap.ReleaseBeyond(long.MaxValue);
        Assert.InRange(Heap().TopBytes, (nuint)(Large / 2), nuint.MaxValue);
        NativeHeap.ReleaseBeyond(Large / 2);
        Assert.InRange(Heap().TopBytes, (nuint)0, (nuint)(Large / 2));
    }

    /// <summary>Skips the test where the process may not have a block of that size, as under a limit of memory, and where it has more than one heap.</summary>
    private static void NeedLarge()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("MALLOC_ARENA_MAX") == "1",
            "Threads from before libtorch was loaded have heaps of their own, unless the process began with MALLOC_ARENA_MAX=1, as the launcher sets it."
        );
        const int readAndWrite = 3;
        const int privateAndAnonymous = 0x22;
        var block = Map(0, Large, readAndWrite, privateAndAnonymous, -1, 0);
        Assert.SkipWhen(
            block == -1,
            $"{Large >> 20} MiB of address space are not to be had: {Marshal.GetLastPInvokeErrorMessage()}."
        );
        Assert.Equal(0, Unmap(block, Large));
    }

    /// <summary>Blocks that the system maps for an allocation of so many bytes.</summary>
    private static unsafe long Mapped(int bytes)
    {
        var before = Heap().MappedBlocks;
        var block = NativeMemory.Alloc((nuint)bytes);
        var after = Heap().MappedBlocks;
        NativeMemory.Free(block);
        return (long)(after - before);
    }

    /// <summary>glibc's struct mallinfo2.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct HeapState
    {
        internal readonly nuint HeapBytes;
        private readonly nuint ordinaryBlocks,
            fastBlocks;
        internal readonly nuint MappedBlocks;
        private readonly nuint mappedBytes,
            unused,
            fastBytes,
            usedBytes,
            freeBytes;
        internal readonly nuint TopBytes;
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial HeapState Heap();

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint bytes);

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial IntPtr Variable(string name);
}
