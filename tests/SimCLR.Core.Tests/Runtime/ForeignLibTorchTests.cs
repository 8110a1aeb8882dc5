using System.Diagnostics;
using System.Runtime.InteropServices;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Runtime;

public sealed class ForeignLibTorchTests : IDisposable
{
    private const string Debian = "/usr/lib/python3/dist-packages/torch/lib";

    private readonly TemporaryFolder site = new();

    public ForeignLibTorchTests() =>
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Foreign libraries are looked into on Linux.");

    public void Dispose() => site.Dispose();

    private string Lib => Path.Combine(site.Root, "torch", "lib");

    private static string Shim => Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");

    /// <summary>The package's libraries, linked, laid out as pip installs PyTorch.</summary>
    private void LayOut(params string[] without)
    {
        Directory.CreateDirectory(Lib);
        foreach (var file in Directory.GetFiles(LibTorch.Load().Folder, "lib*"))
            if (Path.GetFileName(file) is var name && !without.Contains(name))
                File.CreateSymbolicLink(Path.Combine(Lib, name), Path.GetFullPath(file));
        File.WriteAllText(
            Path.Combine(site.Root, "torch", "version.py"),
            "from typing import Optional\n\n__all__ = ['__version__', 'debug', 'cuda']\n__version__ = '2.10.0+cu128'\ndebug = False\n"
        );
    }

    private static LibTorchNotFoundException Refused(Action action) => Assert.Throws<LibTorchNotFoundException>(action);

    [Fact]
    public void The_process_runs_on_the_libtorch_that_it_was_given()
    {
        var asked = Environment.GetEnvironmentVariable(LibTorch.FolderVariable);
        using var three = ones(3).sum();
        Assert.Equal(3, three.ToSingle());
        if (!string.IsNullOrEmpty(asked))
            Assert.Equal(
                (Path.GetFullPath(asked), LibTorch.FolderVariable),
                (LibTorch.Load().Folder, LibTorch.Load().Kind)
            );
        else
            Assert.NotEqual(LibTorch.FolderVariable, LibTorch.Load().Kind);
    }

    [Fact]
    public void A_process_with_the_variable_runs_on_a_folder_laid_out_as_pip_does_it()
    {
        LayOut();
        var test =
            $"{typeof(ForeignLibTorchTests).FullName}.{nameof(The_process_runs_on_the_libtorch_that_it_was_given)}";
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["-noColor", "-method", test])
        {
            RedirectStandardOutput = true,
            Environment = { [LibTorch.FolderVariable] = Lib },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Contains("Total: 1, Errors: 0, Failed: 0, Skipped: 0", output);
    }

    [Fact]
    public void The_folder_may_be_the_lib_folder_or_one_above_it()
    {
        LayOut();
        using var empty = new TemporaryFolder();
        Assert.Equal(Lib, ForeignLibTorch.Folder(Lib));
        Assert.Equal(Lib, ForeignLibTorch.Folder(Path.Combine(site.Root, "torch")));
        Assert.Equal(Lib, ForeignLibTorch.Folder(site.Root));
        Assert.Contains("no such folder", Refused(() => ForeignLibTorch.Folder(Path.Combine(site.Root, "x"))).Message);
        Assert.Contains("no libtorch_cpu.so", Refused(() => ForeignLibTorch.Folder(empty.Root)).Message);
    }

    [Fact]
    public void Versions_are_those_of_version_py_or_build_version()
    {
        LayOut();
        Assert.Equal("2.10.0+cu128", ForeignLibTorch.Version(Lib));
        File.Delete(Path.Combine(site.Root, "torch", "version.py"));
        Assert.Null(ForeignLibTorch.Version(Lib));
        File.WriteAllText(Path.Combine(site.Root, "torch", "build-version"), "2.9.1+cpu\n");
        Assert.Equal("2.9.1+cpu", ForeignLibTorch.Version(Lib));
    }

    [Fact]
    public void A_whole_libtorch_passes_and_an_incomplete_one_is_named()
    {
        LayOut("libc10.so");
        var error = Refused(() => LibTorchFiles.RequireWhole(Lib, Shim));
        Assert.Contains("no libc10.so", error.Message);
        File.CreateSymbolicLink(Path.Combine(Lib, "libc10.so"), Path.Combine(LibTorch.Load().Folder, "libc10.so"));
        LibTorchFiles.RequireWhole(Lib, Shim);
        Assert.Empty(ForeignLibTorch.Check(Lib, Shim));
    }

    [Fact]
    public void Libraries_of_another_processor_are_refused()
    {
        LayOut("libc10.so");
        var bytes = File.ReadAllBytes(Path.Combine(LibTorch.Load().Folder, "libc10.so"));
        bytes[18] = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (byte)62 : (byte)183;
        File.WriteAllBytes(Path.Combine(Lib, "libc10.so"), bytes);
        Assert.Contains("of another processor", Refused(() => ForeignLibTorch.Check(Lib, Shim)).Message);
    }

    [Fact]
    public void A_libtorch_that_lacks_symbols_is_refused_with_their_names()
    {
        // A library with other symbols in c10's place: what only c10 has is missing then.
        LayOut("libc10.so");
        File.CreateSymbolicLink(Path.Combine(Lib, "libc10.so"), Path.Combine(Lib, "libtorch_cpu.so"));
        var error = Refused(() => ForeignLibTorch.Check(Lib, Shim));
        Assert.Contains("2.10.0+cu128", error.Message);
        Assert.Contains("_ZNK3c105Error4whatEv", error.Message);
    }

    [Fact]
    public void Debians_libtorch_1_13_is_refused_with_its_version()
    {
        Assert.SkipUnless(File.Exists($"{Debian}/libtorch_cpu.so"), "Debian's python3-torch is not installed.");
        var error = Refused(() => ForeignLibTorch.Check(Debian, Shim));
        Assert.Matches(@"version (1|2\.[0-9])\.", error.Message);
        Assert.Matches(@"lacks \d+ of the symbols", error.Message);
    }

    [Fact]
    public void Libraries_that_pip_installed_beside_pytorch_are_found()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/gcc"), "gcc is not installed.");
        Directory.CreateDirectory(Lib);
        var cuda = Directory.CreateDirectory(Path.Combine(site.Root, "nvidia", "cudnn", "lib")).FullName;
        Compile(
            "int answer(void) { return 42; }",
            Path.Combine(cuda, "libsimclrcudnn.so.9"),
            "-Wl,-soname,libsimclrcudnn.so.9"
        );
        var user = Path.Combine(Lib, "libsimclruser.so");
        Compile("int answer(void); int ask(void) { return answer(); }", user, $"-L{cuda}", "-l:libsimclrcudnn.so.9");
        Assert.False(NativeLibrary.TryLoad(user, out _));

        ForeignLibTorch.Load(user);
        unsafe
        {
            Assert.Equal(42, ((delegate* unmanaged<int>)NativeLibrary.GetExport(NativeLibrary.Load(user), "ask"))());
        }
    }

    [Fact]
    public void A_dependency_that_is_nowhere_is_named()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/gcc"), "gcc is not installed.");
        Directory.CreateDirectory(Lib);
        var gone = Path.Combine(site.Root, "libsimclrgone.so.3");
        Compile("int gone(void) { return 1; }", gone, "-Wl,-soname,libsimclrgone.so.3");
        var user = Path.Combine(Lib, "libsimclrlost.so");
        Compile("int gone(void); int lost(void) { return gone(); }", user, $"-L{site.Root}", "-l:libsimclrgone.so.3");
        File.Delete(gone);
        Assert.Contains("libsimclrgone.so.3", Refused(() => ForeignLibTorch.Load(user)).Message);
    }

    private void Compile(string source, string library, params string[] flags)
    {
        var file = Path.Combine(site.Root, Path.GetFileName(library) + ".c");
        File.WriteAllText(file, source);
        ElfLibraryTests.Output("gcc", ["-shared", "-fPIC", "-o", library, file, .. flags]);
    }
}
