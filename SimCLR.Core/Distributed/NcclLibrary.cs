using System.Runtime.InteropServices;
using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>An installed NCCL library: its functions, and the numbers of its binary interface (nccl.h).</summary>
internal sealed unsafe class NcclLibrary
{
    /// <summary>Names the library; "off": it is not used.</summary>
    internal const string Variable = "SIMCLR_LIBNCCL";

    internal const int Sum = 0; // ncclSum
    private const string Name = "libnccl.so.2";
    private const int InProgress = 7;

    /// <summary>ncclDataType_t.</summary>
    internal static readonly IReadOnlyDictionary<ScalarType, int> Types = new Dictionary<ScalarType, int>
    {
        [ScalarType.Float32] = 7,
        [ScalarType.Float64] = 8,
        [ScalarType.Int64] = 4,
        [ScalarType.Byte] = 1,
    };

    private readonly delegate* unmanaged<int, byte*> errorText;
    private readonly delegate* unmanaged<IntPtr, byte*> lastError;
    private readonly delegate* unmanaged<IntPtr, int*, int> asyncError;

    private NcclLibrary(IntPtr library, string path)
    {
        Path = path;
        var version = (delegate* unmanaged<int*, int>)Function("ncclGetVersion");
        UniqueId = (delegate* unmanaged<NcclId*, int>)Function("ncclGetUniqueId");
        InitRank = (delegate* unmanaged<IntPtr*, int, NcclId, int, int>)Function("ncclCommInitRank");
        AllReduce = (delegate* unmanaged<IntPtr, IntPtr, nuint, int, int, IntPtr, IntPtr, int>)Function(
            "ncclAllReduce"
        );
        AllGather = (delegate* unmanaged<IntPtr, IntPtr, nuint, int, IntPtr, IntPtr, int>)Function("ncclAllGather");
        Broadcast = (delegate* unmanaged<IntPtr, IntPtr, nuint, int, int, IntPtr, IntPtr, int>)Function(
            "ncclBroadcast"
        );
        Destroy = (delegate* unmanaged<IntPtr, int>)Function("ncclCommDestroy");
        Abort = (delegate* unmanaged<IntPtr, int>)Function("ncclCommAbort");
        asyncError = (delegate* unmanaged<IntPtr, int*, int>)Function("ncclCommGetAsyncError");
        errorText = (delegate* unmanaged<int, byte*>)Function("ncclGetErrorString");
        // Since version 2.13.
        if (NativeLibrary.TryGetExport(library, "ncclGetLastError", out var last))
            lastError = (delegate* unmanaged<IntPtr, byte*>)last;
        int number;
        Check(version(&number), "ncclGetVersion");
        Version = $"{number / 10000}.{number / 100 % 100}.{number % 100}";

        IntPtr Function(string name) => NativeLibrary.GetExport(library, name);
    }

    /// <summary>What was loaded.</summary>
    internal string Path { get; }

    /// <summary>For example "2.27.5".</summary>
    internal string Version { get; }

    internal delegate* unmanaged<NcclId*, int> UniqueId { get; }

    /// <summary>Communicator, ranks, the id by value, rank.</summary>
    internal delegate* unmanaged<IntPtr*, int, NcclId, int, int> InitRank { get; }

    /// <summary>From, to, count, type, operation, communicator, stream.</summary>
    internal delegate* unmanaged<IntPtr, IntPtr, nuint, int, int, IntPtr, IntPtr, int> AllReduce { get; }

    /// <summary>From, to, a rank's count, type, communicator, stream.</summary>
    internal delegate* unmanaged<IntPtr, IntPtr, nuint, int, IntPtr, IntPtr, int> AllGather { get; }

    /// <summary>From, to, count, type, root, communicator, stream.</summary>
    internal delegate* unmanaged<IntPtr, IntPtr, nuint, int, int, IntPtr, IntPtr, int> Broadcast { get; }

    internal delegate* unmanaged<IntPtr, int> Destroy { get; }

    internal delegate* unmanaged<IntPtr, int> Abort { get; }

    /// <summary>Where it is looked for, in order; nothing where it is switched off.</summary>
    internal static IReadOnlyList<string> Places
    {
        get
        {
            var named = Environment.GetEnvironmentVariable(Variable);
            if (named == "off")
                return [];
            if (!string.IsNullOrEmpty(named))
                return [named];
            var home = Environment.GetEnvironmentVariable("NCCL_HOME");
            var folders = ForeignLibTorch
                .Packages(System.IO.Path.Combine(LibTorch.Load().Folder, NativeFiles.FileName("torch_cuda")))
                .Concat(string.IsNullOrEmpty(home) ? [] : [System.IO.Path.Combine(home, "lib")]);
            // pip's, in site-packages/nvidia/nccl/lib, is the one that its libtorch was built for.
            return [.. folders.Select(folder => System.IO.Path.Combine(folder, Name)).Where(File.Exists), Name];
        }
    }

    /// <summary>The library; null where there is none, or it is switched off.</summary>
    internal static NcclLibrary? TryLoad()
    {
        foreach (var place in Places)
            if (NativeLibrary.TryLoad(place, out var library))
                return new NcclLibrary(library, place);
        return null;
    }

    /// <summary>Throws what a function could not do.</summary>
    /// <exception cref="DistributedException">The status is not 0.</exception>
    internal void Check(int status, string function, IntPtr communicator = 0)
    {
        if (status != 0)
            throw new DistributedException(
                $"{function} failed: {Text(errorText(status))}{Behind(communicator)}. NCCL_DEBUG=INFO makes NCCL say more."
            );
    }

    /// <summary>What has gone wrong meanwhile with what was handed to the GPU; null: nothing.</summary>
    internal string? Trouble(IntPtr communicator)
    {
        int status;
        return asyncError(communicator, &status) == 0 && status is 0 or InProgress
            ? null
            : $"NCCL: {Text(errorText(status))}{Behind(communicator)}";
    }

    private string Behind(IntPtr communicator) =>
        lastError is not null && Text(lastError(communicator)) is { Length: > 0 } more ? $" ({more})" : "";

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((IntPtr)text)?.Trim() ?? "";
}

/// <summary>ncclUniqueId, which is passed by value.</summary>
[StructLayout(LayoutKind.Sequential, Size = Length)]
internal unsafe struct NcclId
{
    internal const int Length = 128;

    internal fixed byte Bytes[Length];
}
