using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>
/// An installed MPI library, and the numbers of its binary interface. There are three: Open MPI's handles are addresses of symbols, those of MPICH and its
/// relatives are integers, and those of the MPI-5 ABI small constants. Passed as pointers they serve all three.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    /// <summary>Names the library.</summary>
    internal const string Variable = "SIMCLR_LIBMPI";

    private const int VersionLength = 8192; // the largest MPI_MAX_LIBRARY_VERSION_STRING of the three

    /// <summary>Debian's MPICH has no libmpi.so.12.</summary>
    private static readonly string[] OfOpenMpi = ["libmpi.so.40", "libmpi_abi.so.1", "libmpi.so"];

    private static readonly string[] OfMpich = ["libmpi.so.12", "libmpich.so.12", "libmpi_abi.so.1"];

    private readonly IntPtr library;

    private MpiLibrary(IntPtr library, string path)
    {
        (this.library, Path) = (library, path);
        Version = ReadVersion();
        var isAbi = TryAbi();
        var isOpenMpi = !isAbi && NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _);
        Family =
            isAbi ? "MPI-5 ABI"
            : isOpenMpi ? "Open MPI"
            : "MPICH";
        World = Handle("ompi_mpi_comm_world", 0x44000000, 0x101);
        Sum = Handle("ompi_mpi_op_sum", 0x58000003, 0x21);
        ErrorsReturn = Handle("ompi_mpi_errors_return", 0x54000001, 0x143);
        Types = new Dictionary<ScalarType, IntPtr>
        {
            [ScalarType.Float32] = Handle("ompi_mpi_float", 0x4c00040a, 0x210),
            [ScalarType.Float64] = Handle("ompi_mpi_double", 0x4c00080b, 0x214),
            [ScalarType.Int64] = Handle("ompi_mpi_int64_t", 0x4c00083a, 0x258),
            [ScalarType.Byte] = Handle("ompi_mpi_byte", 0x4c00010d, 0x247),
        };
        InPlace = isAbi || isOpenMpi ? 1 : -1;
        StatusIgnore = isAbi || isOpenMpi ? 0 : 1;
        Serialized = isAbi ? 2048 : 2;

        IntPtr Handle(string symbol, int mpich, int abi) =>
            isAbi ? abi
            : isOpenMpi ? NativeLibrary.GetExport(library, symbol)
            : mpich;
    }

    /// <summary>What was loaded.</summary>
    internal string Path { get; }

    /// <summary>"Open MPI", "MPICH" or "MPI-5 ABI".</summary>
    internal string Family { get; }

    /// <summary>What the library calls itself, one line.</summary>
    internal string Version { get; }

    internal IntPtr World { get; }

    internal IntPtr Sum { get; }

    internal IntPtr ErrorsReturn { get; }

    internal IntPtr InPlace { get; }

    internal IntPtr StatusIgnore { get; }

    /// <summary>MPI_THREAD_SERIALIZED.</summary>
    internal int Serialized { get; }

    /// <summary>The types that there are.</summary>
    internal IReadOnlyDictionary<ScalarType, IntPtr> Types { get; }

    /// <summary>Whether it takes the addresses of a GPU.</summary>
    internal bool TakesGpus =>
        NativeLibrary.TryGetExport(library, "MPIX_Query_cuda_support", out var query)
        && ((delegate* unmanaged<int>)query)() == 1;

    /// <summary>The library that SIMCLR_LIBMPI names, or else the one that goes with the launcher.</summary>
    /// <exception cref="DistributedException">There is none.</exception>
    internal static MpiLibrary Load(Launch launch)
    {
        var named = Environment.GetEnvironmentVariable(Variable);
        string[] places =
            !string.IsNullOrEmpty(named) ? [named]
            : launch.Kind == LaunchKind.Mpich ? [.. OfMpich, .. OfOpenMpi]
            : [.. OfOpenMpi, .. OfMpich];
        foreach (var place in places)
            if (NativeLibrary.TryLoad(place, out var library))
                return new MpiLibrary(library, place);
        throw new DistributedException(
            $"{launch.Launcher} started {launch.Size} processes, but no MPI library can be loaded ({string.Join(", ", places)}). "
                + $"Install the one that the launcher belongs to, or name it: {Variable}=/path/to/libmpi.so"
        );
    }

    /// <summary>The function of that name.</summary>
    internal IntPtr Function(string name) => NativeLibrary.GetExport(library, name);

    private bool TryAbi()
    {
        if (!NativeLibrary.TryGetExport(library, "MPI_Abi_get_version", out var version))
            return false;
        int major,
            minor;
        return ((delegate* unmanaged<int*, int*, int>)version)(&major, &minor) == 0 && major > 0;
    }

    private string ReadVersion()
    {
        var text = new byte[VersionLength];
        int length;
        fixed (byte* first = text)
            _ = ((delegate* unmanaged<byte*, int*, int>)Function("MPI_Get_library_version"))(first, &length);
        return Encoding
            .UTF8.GetString(text, 0, Math.Clamp(length, 0, text.Length))
            .Split('\n', ',', '\0')[0]
            .Replace('\t', ' ')
            .Replace(" Version:", "")
            .Trim();
    }
}
