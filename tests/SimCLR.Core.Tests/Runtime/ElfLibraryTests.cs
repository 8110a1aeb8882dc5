using System.Diagnostics;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Runtime;

public class ElfLibraryTests
{
    private const string What = "_ZNK3c105Error4whatEv"; // c10::Error::what() const, in the vtables of the shim

    private static string Torch(string name) => Path.Combine(LibTorch.Load().Folder, $"lib{name}.so");

    private static string Shim() => Directory.GetFiles(AppContext.BaseDirectory, "libLibTorchSharp.so").Single();

    [Fact]
    public void The_packages_libtorch_has_all_that_the_shim_wants_and_a_part_of_it_has_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ELF is the format of Linux.");
        var (shim, core) = (ElfLibrary.Read(Shim()), ElfLibrary.Read(Torch("c10")));
        ElfLibrary[] all = [core, ElfLibrary.Read(Torch("torch_cpu"))];
        Assert.Empty(ElfLibrary.Missing(shim, all));

        Assert.Contains(What, core.Defined);
        var missing = ElfLibrary.Missing(shim, [all[1]]);
        Assert.True(missing[What]); // data: a library without it does not load
        Assert.DoesNotContain(missing.Keys, core.Wanted.ContainsKey);
        Assert.Contains(missing, name => !name.Value);
    }

    [Fact]
    public void Symbols_are_those_that_readelf_lists()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/readelf"), "readelf is not installed.");
        var library = ElfLibrary.Read(Torch("c10"));
        // Lines are: number, value, size, type, binding, visibility, section, name@version.
        var lines = Output("readelf", "-W", "--dyn-syms", Torch("c10"))
            .Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words =>
                words.Length >= 8
                && words[0].EndsWith(':')
                && words[0] != "0:"
                && words[0] != "Num:"
                && words[3] != "SECTION"
            )
            .ToList();
        var defined = lines.Where(words => words[6] != "UND").Select(words => words[7].Split('@')[0]).ToHashSet();
        Assert.True(defined.Count > 1000);
        Assert.Equal(defined.Order(), library.Defined.Order());
        var wanted = lines.Where(words => words[6] == "UND" && words[4] != "WEAK" && !words[7].Contains('@'));
        Assert.Equal(wanted.Select(words => words[7]).Order(), library.Wanted.Keys.Order());
    }

    [Fact]
    public void Files_that_are_no_library_or_are_cut_off_are_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ELF is the format of Linux.");
        using var folder = new Images.TemporaryFolder();
        var path = Path.Combine(folder.Root, "lib.so");
        File.WriteAllText(path, new string('x', 4096));
        Assert.Throws<InvalidDataException>(() => ElfLibrary.Read(path));
        File.WriteAllBytes(path, []);
        Assert.Throws<InvalidDataException>(() => ElfLibrary.Read(path));
        var whole = File.ReadAllBytes(Torch("c10"));
        foreach (var length in new[] { 40, 64, 4096, whole.Length / 2 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InvalidDataException>(() => ElfLibrary.Read(path));
        }
    }

    internal static string Output(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return text;
    }
}
