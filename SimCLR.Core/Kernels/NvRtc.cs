using System.Runtime.InteropServices;
using System.Text;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Kernels;

/// <summary>NVIDIA's run-time compiler, as far as it is needed: the library that came with the CUDA libtorch in use.</summary>
internal sealed unsafe class NvRtc
{
    private readonly delegate* unmanaged<IntPtr*, byte*, byte*, int, byte**, byte**, int> create;
    private readonly delegate* unmanaged<IntPtr, int, byte**, int> compile;
    private readonly delegate* unmanaged<IntPtr, nuint*, int> codeSize;
    private readonly delegate* unmanaged<IntPtr, byte*, int> code;
    private readonly delegate* unmanaged<IntPtr, nuint*, int> logSize;
    private readonly delegate* unmanaged<IntPtr, byte*, int> log;
    private readonly delegate* unmanaged<IntPtr*, int> destroy;

    private NvRtc(IntPtr library)
    {
        create = (delegate* unmanaged<IntPtr*, byte*, byte*, int, byte**, byte**, int>)Export("nvrtcCreateProgram");
        compile = (delegate* unmanaged<IntPtr, int, byte**, int>)Export("nvrtcCompileProgram");
        codeSize = (delegate* unmanaged<IntPtr, nuint*, int>)Export("nvrtcGetCUBINSize");
        code = (delegate* unmanaged<IntPtr, byte*, int>)Export("nvrtcGetCUBIN");
        logSize = (delegate* unmanaged<IntPtr, nuint*, int>)Export("nvrtcGetProgramLogSize");
        log = (delegate* unmanaged<IntPtr, byte*, int>)Export("nvrtcGetProgramLog");
        destroy = (delegate* unmanaged<IntPtr*, int>)Export("nvrtcDestroyProgram");

        IntPtr Export(string name) => NativeLibrary.GetExport(library, name);
    }

    /// <summary>Loads it from libtorch's folder, from pip's packages beside it, or from where the system looks.</summary>
    /// <exception cref="NotSupportedException">It is in none of these places.</exception>
    internal static NvRtc Load()
    {
        var folder = LibTorch.Load().Folder;
        var places = ForeignLibTorch
            .Packages(Path.Combine(folder, "libtorch_cuda.so"))
            .Prepend(folder)
            .SelectMany(place => Directory.GetFiles(place, "libnvrtc*.so*"))
            .Where(file => !Path.GetFileName(file).Contains("builtins") && !Path.GetFileName(file).Contains("alt"))
            .Concat(["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"]);
        foreach (var place in places)
            if (NativeLibrary.TryLoad(place, out var library))
                return new NvRtc(library);
        throw new NotSupportedException($"NVRTC (libnvrtc.so) is neither beside libtorch in {folder} nor installed");
    }

    internal int Create(out IntPtr program, string text, string name)
    {
        fixed (
            byte* source = Zero(text),
                title = Zero(name)
        )
        fixed (IntPtr* made = &program)
            return create(made, source, title, 0, null, null);
    }

    internal int Compile(IntPtr program, string[] options)
    {
        var texts = options.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
        fixed (IntPtr* first = texts)
        {
            var status = compile(program, texts.Length, (byte**)first);
            foreach (var text in texts)
                Marshal.FreeCoTaskMem(text);
            return status;
        }
    }

    internal byte[] Code(IntPtr program)
    {
        nuint size;
        Gpu.Check(codeSize(program, &size), "nvrtcGetCUBINSize");
        var bytes = new byte[size];
        fixed (byte* start = bytes)
            Gpu.Check(code(program, start), "nvrtcGetCUBIN");
        return bytes;
    }

    internal string Log(IntPtr program)
    {
        nuint size;
        Gpu.Check(logSize(program, &size), "nvrtcGetProgramLogSize");
        var bytes = new byte[size];
        fixed (byte* start = bytes)
            Gpu.Check(log(program, start), "nvrtcGetProgramLog");
        return Encoding.UTF8.GetString(bytes).TrimEnd('\0');
    }

    internal void Destroy(IntPtr program) => _ = destroy(&program);

    private static byte[] Zero(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
