using System.Runtime.InteropServices;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Runtime;

public partial class ProcessSettingsTests
{
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
    public void Blocks_up_to_32_MiB_stay_in_the_heap_when_they_are_freed()
    {
        Assert.Equal(0, Mapped(31 << 20));
        // Larger than anything that the heap has free, which would be taken instead.
        Assert.Equal(1, Mapped(1 << 30));
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
        private readonly nuint arena,
            ordinaryBlocks,
            fastBlocks;
        internal readonly nuint MappedBlocks;
        private readonly nuint mappedBytes,
            unused,
            fastBytes,
            usedBytes,
            freeBytes,
            topBytes;
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial HeapState Heap();

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial IntPtr Variable(string name);
}
