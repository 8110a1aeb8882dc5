using System.Runtime.InteropServices;

namespace SimCLR.Core.Runtime;

/// <summary>
/// libtorch's switch for oneDNN, which computes its convolutions on processors (torch.backends.mkldnn.enabled in Python), and which TorchSharp does not expose:
/// methods of at::Context by their mangled names. It holds for the whole process.
/// </summary>
/// <remarks>
/// Where a virtual machine hides an AMD processor's caches, oneDNN 3 takes each to have one byte. It then divides by zero in convolutions of one pixel from 256
/// channels to 1024 on, or back, which ends the process, and gives wrong numbers in others: gradients of a narrow ResNet that are none, bfloat16 that is a third off
/// (oneDNN 3.6 and 3.7, in PyTorch 2.6 and 2.10; not in 1.13).
/// </remarks>
internal static partial class OneDnn
{
    /// <summary>Leaves it out, until something else is said, where it would be wrong.</summary>
    /// <returns>Whether it is left out.</returns>
    internal static bool LeaveOutWhereWrong()
    {
        if (!Processor.HidesCaches)
            return false;
        try
        {
            Set(DeterministicAlgorithms.Context(), false);
            return true;
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Whether libtorch may use it.</summary>
    internal static bool IsUsed => Get(DeterministicAlgorithms.Context());

    [LibraryImport("torch_cpu", EntryPoint = "_ZNK2at7Context17userEnabledMkldnnEv")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static partial bool Get(IntPtr context);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context20setUserEnabledMkldnnEb")]
    private static partial void Set(IntPtr context, [MarshalAs(UnmanagedType.U1)] bool on);
}
