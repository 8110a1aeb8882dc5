using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>
/// libtorch's switch for cuDNN's search (torch.backends.cudnn.benchmark in Python), which TorchSharp does not expose: methods of
/// at::Context by their mangled names. It holds for the whole process.
/// </summary>
internal static partial class CuDnn
{
    /// <summary>Whether cuDNN tries the algorithms of a convolution when its shape comes up first, and then keeps to the fastest.</summary>
    internal static bool Searches
    {
        get => IsSearching(DeterministicAlgorithms.Context());
        set => SetSearching(DeterministicAlgorithms.Context(), value);
    }

    /// <summary>Lets cuDNN search where that is of use: on a GPU, as all batches of a training have one shape, and unless only deterministic
    /// algorithms are allowed. The fastest one is not always the same, so rounding differs from run to run.</summary>
    internal static void SearchOn(Device device)
    {
        if (
            device.type == DeviceType.CUDA
            && DeterministicAlgorithms.IsAvailable
            && !DeterministicAlgorithms.AreRequired
        )
            Searches = true;
    }

    [LibraryImport("torch_cpu", EntryPoint = "_ZNK2at7Context14benchmarkCuDNNEv")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static partial bool IsSearching(IntPtr context);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context17setBenchmarkCuDNNEb")]
    private static partial void SetSearching(IntPtr context, [MarshalAs(UnmanagedType.U1)] bool on);
}
