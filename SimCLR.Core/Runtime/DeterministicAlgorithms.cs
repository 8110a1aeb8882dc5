using System.Runtime.InteropServices;

namespace SimCLR.Core.Runtime;

/// <summary>
/// The switch of libtorch for deterministic algorithms, which TorchSharp names and has not implemented: methods of at::Context by their mangled
/// names. While it is on, an operation that has no deterministic implementation fails and names itself. It holds for the
/// whole process.
/// </summary>
public static partial class DeterministicAlgorithms
{
    /// <summary>cuBLAS needs a workspace of fixed size; libtorch refuses its products without this.</summary>
    private const string Workspace = "CUBLAS_WORKSPACE_CONFIG";

    private static readonly Lazy<bool> Exported = new(TrySymbols);

    /// <summary>Whether this libtorch exports the switch.</summary>
    public static bool IsAvailable => Exported.Value;

    /// <summary>Whether only deterministic algorithms are allowed now.</summary>
    public static bool AreRequired => IsAvailable && IsOn(Context());

    /// <summary>Allows only deterministic algorithms until disposed. On CUDA, call it before anything is computed.</summary>
    /// <param name="warn">Told, in words, when this libtorch lacks the switch: then nothing changes.</param>
    public static IDisposable Require(Action<string>? warn = null)
    {
        LibTorch.Load();
        if (IsAvailable)
            return new Region();
        warn?.Invoke(
            "This libtorch does not export its switch for deterministic algorithms: what it computes is as deterministic as without."
        );
        return new Nothing();
    }

    private static bool TrySymbols()
    {
        try
        {
            var context = Context();
            _ = (IsOn(context), WarnsOnly(context), IsCuDnnOn(context), IsMkldnnOn(context), CuDnn.Searches);
            return true;
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    private sealed class Region : IDisposable
    {
        private readonly IntPtr context = Context();
        private readonly (bool On, bool WarnsOnly, bool CuDnn, bool Mkldnn, bool Searching) before;

        internal Region()
        {
            before = (IsOn(context), WarnsOnly(context), IsCuDnnOn(context), IsMkldnnOn(context), CuDnn.Searches);
            // .NET's own call does not reach native code. What the user has chosen stays.
            if (!OperatingSystem.IsWindows())
                _ = SetVariable(Workspace, ":4096:8", 0);
            Set((true, false, true, true, false));
        }

        public void Dispose() => Set(before);

        private void Set((bool On, bool WarnsOnly, bool CuDnn, bool Mkldnn, bool Searching) value)
        {
            SetOn(context, value.On, value.WarnsOnly);
            SetCuDnn(context, value.CuDnn);
            SetMkldnn(context, value.Mkldnn);
            // cuDNN's search for the fastest algorithm finds another one each time.
            CuDnn.Searches = value.Searching;
        }
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose() { }
    }

    /// <summary>The one at::Context of the process, which holds such switches.</summary>
    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at13globalContextEv")]
    internal static partial IntPtr Context();

    [LibraryImport("torch_cpu", EntryPoint = "_ZNK2at7Context23deterministicAlgorithmsEv")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static partial bool IsOn(IntPtr context);

    [LibraryImport("torch_cpu", EntryPoint = "_ZNK2at7Context31deterministicAlgorithmsWarnOnlyEv")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static partial bool WarnsOnly(IntPtr context);

    [LibraryImport("torch_cpu", EntryPoint = "_ZNK2at7Context18deterministicCuDNNEv")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static partial bool IsCuDnnOn(IntPtr context);

    [LibraryImport("torch_cpu", EntryPoint = "_ZNK2at7Context19deterministicMkldnnEv")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static partial bool IsMkldnnOn(IntPtr context);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context26setDeterministicAlgorithmsEbb")]
    private static partial void SetOn(
        IntPtr context,
        [MarshalAs(UnmanagedType.U1)] bool on,
        [MarshalAs(UnmanagedType.U1)] bool warnOnly
    );

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context21setDeterministicCuDNNEb")]
    private static partial void SetCuDnn(IntPtr context, [MarshalAs(UnmanagedType.U1)] bool on);

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context22setDeterministicMkldnnEb")]
    private static partial void SetMkldnn(IntPtr context, [MarshalAs(UnmanagedType.U1)] bool on);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
