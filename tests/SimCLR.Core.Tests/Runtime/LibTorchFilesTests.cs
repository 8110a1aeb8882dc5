using System.Diagnostics;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Images;

namespace SimCLR.Core.Tests.Runtime;

public sealed class LibTorchFilesTests : IDisposable
{
    private readonly TemporaryFolder packages = new();

    public LibTorchFilesTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Libraries are looked into on Linux.");

    public void Dispose() => packages.Dispose();

    private string Package => Path.Combine(packages.Root, $"libtorch-cpu-{NativeFiles.Rid}", "2.10.0");

    /// <summary>The package's libraries, linked, but for one.</summary>
    private string LayOut(string without)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Package, "runtimes", NativeFiles.Rid, "native")).FullName;
        foreach (var file in Directory.GetFiles(LibTorch.Load().Folder, "lib*"))
            if (Path.GetFileName(file) is var name && name != without)
                File.CreateSymbolicLink(Path.Combine(folder, name), Path.GetFullPath(file));
        return Path.Combine(folder, without);
    }

    /// <summary>Exit code and what is said where these packages are the only ones.</summary>
    private (int Code, string Said) LoadApart()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["-class", "no.such.class"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["NUGET_PACKAGES"] = packages.Root, [LibTorch.FolderVariable] = "" },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    [Fact]
    public void A_whole_package_loads()
    {
        LayOut("none");
        Assert.Equal(0, LoadApart().Code);
    }

    [Theory]
    [InlineData("libtorch.so")]
    [InlineData("libc10.so")]
    public void A_package_without_a_library_names_it_and_says_restore_again(string name)
    {
        LayOut(name);
        var (code, said) = LoadApart();
        Assert.NotEqual(0, code);
        Assert.Contains("libtorch is incomplete: ", said);
        Assert.Contains($"has no {name}. Restore again: delete {Package}, then run './simclr setup'", said);
        Assert.DoesNotContain("libstdc++", said);
    }

    [Theory]
    [InlineData("libtorch_cpu.so", 1 << 20)]
    [InlineData("libtorch.so", 100)]
    [InlineData("libc10.so", 0)]
    [InlineData("libc10.so", -1)]
    public void A_library_that_is_cut_short_is_named_and_not_loaded(string name, int length)
    {
        using var whole = File.OpenRead(Path.Combine(LibTorch.Load().Folder, name));
        var beginning = new byte[length < 0 ? whole.Length + length : length];
        whole.ReadExactly(beginning);
        var path = LayOut(name);
        File.WriteAllBytes(path, beginning);
        RefusesAsCutOff(path);
    }

    [Fact]
    public void A_library_of_the_right_length_whose_end_was_never_written_is_named_and_not_loaded()
    {
        var path = LayOut("libtorch_cpu.so");
        using (var whole = File.OpenRead(Path.Combine(LibTorch.Load().Folder, "libtorch_cpu.so")))
        using (var part = File.Create(path))
        {
            var beginning = new byte[4096];
            whole.ReadExactly(beginning);
            part.Write(beginning);
            // A hole: zeros that take no room.
            part.SetLength(whole.Length);
        }
        RefusesAsCutOff(path);
    }

    private void RefusesAsCutOff(string path)
    {
        var (code, said) = LoadApart();
        Assert.Contains(
            $"libtorch is incomplete: {path}: The ELF library is cut off. Restore again: delete {Package}",
            said
        );
        // An exception that nothing catches, and no signal of the system's.
        Assert.Equal(134, code);
    }

    [Fact]
    public void Without_any_package_the_remedies_are_named()
    {
        var (_, said) = LoadApart();
        Assert.Contains("libtorch was not found. In a clone of SimCLR.Research run './simclr setup'", said);
        Assert.Contains(LibTorch.FolderVariable, said);
    }
}
