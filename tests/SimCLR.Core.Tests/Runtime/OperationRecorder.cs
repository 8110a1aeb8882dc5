using System.Runtime.InteropServices;

namespace SimCLR.Core.Tests.Runtime;

/// <summary>
/// The names of all operations that libtorch is asked for by this thread, backward passes on the CPU among them, in order: libtorch's own
/// hook for profilers (at::RecordFunction), which TorchSharp does not expose.
/// </summary>
internal sealed unsafe partial class OperationRecorder : IDisposable
{
    [ThreadStatic]
    private static List<string>? recording;

    private readonly ulong handle;

    internal OperationRecorder()
    {
        recording = Names;
        handle = Add(
            new Callback
            {
                Start = &Record,
                Probability = 1,
                Functions = 1,
            }
        );
    }

    internal List<string> Names { get; } = [];

    public void Dispose()
    {
        Remove(handle);
        recording = null;
    }

    /// <summary>What an action asks for.</summary>
    internal static List<string> Of(Action action)
    {
        using var recorder = new OperationRecorder();
        action();
        return recorder.Names;
    }

    /// <summary>at::RecordFunctionCallback: two functions, a probability, flags by scope (0: operations), and three more flags.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    private struct Callback
    {
        internal delegate* unmanaged<IntPtr*, IntPtr, IntPtr*> Start;
        internal IntPtr End;
        internal double Probability;
        internal byte Functions;
    }

    /// <summary>Returns a std::unique_ptr of nothing, in the caller's memory.</summary>
    [UnmanagedCallersOnly]
    private static IntPtr* Record(IntPtr* result, IntPtr function)
    {
        recording?.Add(Marshal.PtrToStringUTF8(Name(function)) ?? "");
        *result = 0;
        return result;
    }

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at22addThreadLocalCallbackENS_22RecordFunctionCallbackE")]
    private static partial ulong Add(Callback callback);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at14removeCallbackEm")]
    private static partial void Remove(ulong handle);

    [LibraryImport("torch_cpu", EntryPoint = "_ZNK2at14RecordFunction4nameEv")]
    private static partial IntPtr Name(IntPtr function);
}
