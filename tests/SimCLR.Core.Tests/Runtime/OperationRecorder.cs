using System.Runtime.InteropServices;

namespace SimCLR.Core.Tests.Runtime;

/// <summary>An operation that libtorch was asked for.</summary>
/// <param name="Name">For example "aten::mm".</param>
/// <param name="Bytes">Of the tensors that it takes; a list of tensors is taken to be of float32.</param>
internal sealed record Operation(string Name, long Bytes)
{
    private static readonly HashSet<string> Descriptions =
    [
        .. from name in (string[])
            [
                "as_strided",
                "view",
                "reshape",
                "_reshape_alias",
                "slice",
                "select",
                "narrow",
                "t",
                "transpose",
                "permute",
                "unsqueeze",
                "squeeze",
                "expand",
                "expand_as",
                "detach",
                "detach_",
                "alias",
                "unbind",
                "chunk",
                "split",
                "diagonal",
                "empty",
                "empty_like",
                "empty_strided",
                "resize_",
                "set_",
                "_unsafe_view",
                "flatten",
                "contiguous",
                "lift_fresh",
                "result_type",
                "resolve_conj",
                "resolve_neg",
                "is_nonzero",
                "as_strided_",
                "broadcast_to",
                "item",
            ]
        select $"aten::{name}",
    ];

    /// <summary>What does its work itself, though it may copy something first.</summary>
    private static readonly HashSet<string> Work =
    [
        .. from name in (string[])
            [
                "mm",
                "bmm",
                "addmm",
                "addmm_",
                "baddbmm",
                "mkldnn_convolution",
                "convolution_backward",
                "native_batch_norm",
                "native_batch_norm_backward",
            ]
        select $"aten::{name}",
    ];

    /// <summary>Whether it called others, which then did the work.</summary>
    internal bool Delegates { get; set; }

    /// <summary>Whether it only describes memory otherwise, or asks for some.</summary>
    internal bool Describes => Descriptions.Contains(Name);

    /// <summary>Whether it works on numbers: on a GPU, a kernel or some.</summary>
    internal bool Works => Work.Contains(Name) || (Name.StartsWith("aten::") && !Delegates && !Describes);
}

/// <summary>
/// All operations that libtorch is asked for by this thread, backward passes on the CPU among them, in order: libtorch's own
/// hook for profilers (at::RecordFunction), which TorchSharp does not expose.
/// </summary>
internal sealed unsafe partial class OperationRecorder : IDisposable
{
    [ThreadStatic]
    private static List<Operation>? recording;

    [ThreadStatic]
    private static Stack<Operation>? running;

    private readonly ulong handle;

    internal OperationRecorder()
    {
        (recording, running) = (Operations, new Stack<Operation>());
        handle = Add(
            new Callback
            {
                Start = &Record,
                End = &Finish,
                Probability = 1,
                Functions = 1,
                NeedsInputs = 1,
            }
        );
    }

    internal List<Operation> Operations { get; } = [];

    public void Dispose()
    {
        Remove(handle);
        (recording, running) = (null, null);
    }

    /// <summary>The names of what an action asks for.</summary>
    internal static List<string> Of(Action action) => [.. All(action).Select(operation => operation.Name)];

    /// <summary>What an action asks for.</summary>
    internal static List<Operation> All(Action action)
    {
        using var recorder = new OperationRecorder();
        action();
        return recorder.Operations;
    }

    /// <summary>at::RecordFunctionCallback: two functions, a probability, flags by scope (0: operations), and three more flags.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    private struct Callback
    {
        internal delegate* unmanaged<IntPtr*, IntPtr, IntPtr*> Start;
        internal delegate* unmanaged<IntPtr, IntPtr, void> End;
        internal double Probability;
        internal byte Functions;
        private fixed byte others[9];
        internal byte NeedsInputs;
    }

    /// <summary>Returns a std::unique_ptr of nothing, in the caller's memory.</summary>
    [UnmanagedCallersOnly]
    private static IntPtr* Record(IntPtr* result, IntPtr function)
    {
        if (recording is not null && running is not null)
        {
            var operation = new Operation(Marshal.PtrToStringUTF8(Name(function)) ?? "", Bytes(function));
            if (!operation.Describes)
                foreach (var caller in running)
                    caller.Delegates = true;
            recording.Add(operation);
            running.Push(operation);
        }
        *result = 0;
        return result;
    }

    [UnmanagedCallersOnly]
    private static void Finish(IntPtr function, IntPtr context) => running?.TryPop(out _);

    /// <summary>std::vector, or std::string of a long text: where it begins and ends.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Stretch
    {
        internal IntPtr Begin;
        internal IntPtr End;
        private readonly IntPtr capacity;
    }

    /// <summary>std::string: 32 bytes, of which the first two words are its place and length.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 32)]
    private struct Text
    {
        internal IntPtr Begin;
        internal long Length;
    }

    private static long Bytes(IntPtr function)
    {
        Stretch sizes,
            types;
        InputSizes(&sizes, function, 1);
        InputTypes(&types, function);
        var count = (int)((sizes.End - sizes.Begin) / sizeof(Stretch));
        var named = (int)((types.End - types.Begin) / sizeof(Text)) == count;
        var bytes = 0L;
        for (var i = 0; i < count; i++)
        {
            var size = ((Stretch*)sizes.Begin)[i];
            if (size.Begin == size.End)
                continue; // a scalar, or no tensor
            var numbers = 1L;
            for (var at = (long*)size.Begin; at < (long*)size.End; at++)
                numbers *= *at;
            bytes += numbers * (named ? BytesOf(((Text*)types.Begin)[i]) : sizeof(float));
        }
        // The vectors are left to the process: it ends soon.
        return bytes;
    }

    private static int BytesOf(Text type) =>
        Marshal.PtrToStringUTF8(type.Begin, (int)type.Length) switch
        {
            "double" or "long int" or "long" => 8,
            "unsigned char" or "signed char" or "bool" => 1,
            "c10::BFloat16" or "c10::Half" or "short" or "short int" => 2,
            _ => 4,
        };

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at22addThreadLocalCallbackENS_22RecordFunctionCallbackE")]
    private static partial ulong Add(Callback callback);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at14removeCallbackEm")]
    private static partial void Remove(ulong handle);

    [LibraryImport("torch_cpu", EntryPoint = "_ZNK2at14RecordFunction4nameEv")]
    private static partial IntPtr Name(IntPtr function);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN5torch8profiler4impl10inputSizesERKN2at14RecordFunctionEb")]
    private static partial IntPtr InputSizes(Stretch* result, IntPtr function, byte flattenLists);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN5torch8profiler4impl10inputTypesB5cxx11ERKN2at14RecordFunctionE")]
    private static partial IntPtr InputTypes(Stretch* result, IntPtr function);
}
