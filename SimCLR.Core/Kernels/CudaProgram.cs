using System.Runtime.InteropServices;
using System.Text;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Kernels;

/// <summary>Kernels in CUDA C, compiled for the GPU at hand by NVRTC, which every CUDA libtorch brings, and launched in libtorch's stream.</summary>
internal sealed unsafe partial class CudaProgram
{
    private readonly IntPtr module;
    private readonly IntPtr context;

    /// <summary>Compiles a source of this assembly.</summary>
    /// <param name="source">The file in Kernels, for example BatchNorm.cu.</param>
    /// <param name="defined">Names that are defined in it.</param>
    /// <exception cref="NotSupportedException">There is no NVRTC, or the GPU or the driver does not take what it makes; the message says why.</exception>
    internal CudaProgram(string source, params string[] defined)
    {
        var (major, minor) =
            Gpu.Capability ?? throw new NotSupportedException("the driver does not tell the GPU's compute capability");
        var code = Compile(
            Text(source),
            source,
            [$"--gpu-architecture=sm_{major}{minor}", .. defined.Select(name => $"-D{name}")]
        );
        Gpu.Check(cuDeviceGet(out var device, 0), "cuDeviceGet");
        Gpu.Check(cuDevicePrimaryCtxRetain(out context, device), "cuDevicePrimaryCtxRetain");
        Gpu.Check(cuDeviceGetAttribute(out var processors, 16, device), "cuDeviceGetAttribute");
        Processors = processors;
        Enter();
        fixed (byte* image = code)
            Gpu.Check(cuModuleLoadData(out module, image), "cuModuleLoadData");
    }

    /// <summary>Whether programs run on that device: the process's first GPU, and no other.</summary>
    internal static bool IsFor(Device device) => device.type == DeviceType.CUDA && device.index <= 0;

    /// <summary>Multiprocessors of the GPU.</summary>
    internal int Processors { get; }

    /// <summary>The kernel of that name.</summary>
    internal IntPtr Kernel(string name)
    {
        Gpu.Check(cuModuleGetFunction(out var kernel, module, name), $"cuModuleGetFunction({name})");
        return kernel;
    }

    /// <summary>Launches a kernel in the stream that libtorch computes in; does not wait.</summary>
    /// <param name="kernel">One of <see cref="Kernel"/>.</param>
    /// <param name="grid">Blocks, x and y.</param>
    /// <param name="block">Threads of a block, x and y.</param>
    /// <param name="arguments">Addresses of the arguments.</param>
    internal void Launch(
        IntPtr kernel,
        (int X, int Y) grid,
        (int X, int Y) block,
        params ReadOnlySpan<IntPtr> arguments
    )
    {
        Enter();
        Gpu.Check(aoti_torch_get_current_cuda_stream(0, out var stream), "aoti_torch_get_current_cuda_stream");
        fixed (IntPtr* list = arguments)
            Gpu.Check(
                cuLaunchKernel(
                    kernel,
                    (uint)grid.X,
                    (uint)grid.Y,
                    1,
                    (uint)block.X,
                    (uint)block.Y,
                    1,
                    0,
                    stream,
                    list,
                    null
                ),
                "cuLaunchKernel"
            );
    }

    /// <summary>Threads of libtorch's have the context as soon as they have computed something.</summary>
    private void Enter()
    {
        if (cuCtxGetCurrent(out var current) != 0 || current == 0)
            Gpu.Check(cuCtxSetCurrent(context), "cuCtxSetCurrent");
    }

    private static string Text(string source)
    {
        var name = $"SimCLR.Core.Kernels.{source}";
        using var stream =
            typeof(CudaProgram).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static byte[] Compile(string text, string name, string[] options)
    {
        var nvrtc = NvRtc.Load();
        Gpu.Check(nvrtc.Create(out var program, text, name), "nvrtcCreateProgram");
        try
        {
            if (nvrtc.Compile(program, options) != 0)
                throw new NotSupportedException($"{name} does not compile: {nvrtc.Log(program)}");
            return nvrtc.Code(program);
        }
        finally
        {
            nvrtc.Destroy(program);
        }
    }

    private const string Driver = "libcuda.so.1";

    [LibraryImport(Driver)]
    private static partial int cuDeviceGet(out int device, int ordinal);

    [LibraryImport(Driver)]
    private static partial int cuDeviceGetAttribute(out int value, int attribute, int device);

    [LibraryImport(Driver)]
    private static partial int cuDevicePrimaryCtxRetain(out IntPtr context, int device);

    [LibraryImport(Driver)]
    private static partial int cuCtxGetCurrent(out IntPtr context);

    [LibraryImport(Driver)]
    private static partial int cuCtxSetCurrent(IntPtr context);

    [LibraryImport(Driver)]
    private static partial int cuModuleLoadData(out IntPtr module, byte* image);

    [LibraryImport(Driver, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int cuModuleGetFunction(out IntPtr function, IntPtr module, string name);

    [LibraryImport(Driver)]
    private static partial int cuLaunchKernel(
        IntPtr function,
        uint gridX,
        uint gridY,
        uint gridZ,
        uint blockX,
        uint blockY,
        uint blockZ,
        uint sharedBytes,
        IntPtr stream,
        IntPtr* arguments,
        IntPtr* extra
    );

    [LibraryImport("torch_cuda")]
    private static partial int aoti_torch_get_current_cuda_stream(int device, out IntPtr stream);
}
