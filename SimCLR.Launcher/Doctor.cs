using System.Diagnostics;

namespace SimCLR.Launcher;

/// <summary>What must be looked at before anything is built; the rest is SimCLR.FSharp's. Without any .NET, the bash file tells what it can.</summary>
internal static class Doctor
{
    private const int FirstSignal = 128;

    public static int Run(Repository repository, string[] arguments)
    {
        bool ready = TellSdk(repository);
        bool fits = !OperatingSystem.IsLinux() || TellLibStdCxx();
        ready = TellPackages(repository) && ready;
        if (!ready || !TellBuild(repository))
            return 1;
        // Not in the launcher's place: a libtorch that does not fit can end the process without a word.
        int code = Child.Run([.. Script.Interactive(repository), repository.At("scripts", "doctor.fsx"), .. arguments]);
        if (code >= FirstSignal)
            Tell(
                '✗',
                "libtorch",
                $"ended the process (signal {code - FirstSignal}) while it was looked at",
                "Unset SIMCLR_LIBTORCH, or set it to a PyTorch that fits; SIMCLR_LIBTORCH_MISSING=allow allows this."
            );
        return code != 0 ? code
            : fits ? 0
            : 1;
    }

    /// <summary>A line as SimCLR.FSharp/Commands/Doctor.fs writes them.</summary>
    private static void Tell(char mark, string what, string found, string? remedy = null)
    {
        Say.Out($"{mark} {what, -12}{found}");
        if (remedy is not null)
            Say.Out($"  {"", -12}-> {remedy}");
    }

    private static bool TellSdk(Repository repository)
    {
        if (Machine.Sdk(repository) is { } version)
        {
            Tell('✓', "SDK", $".NET SDK {version}, {Child.Dotnet}");
            return true;
        }
        var (problem, remedy) = Machine.NoSdk();
        Tell('✗', "SDK", problem, remedy);
        return false;
    }

    private static bool TellLibStdCxx()
    {
        const string what = "libstdc++";
        if (Machine.LibStdCxx() is not { } library)
            Tell(
                '!',
                what,
                "not found",
                "If libtorch does not load, install libstdc++6, or name its folder in LD_LIBRARY_PATH."
            );
        else if (Machine.HasSymbols(library, "GLIBCXX_3.4.32"))
            Tell('✓', what, $"of GCC 13 or newer, {library}");
        else if (Machine.HasSymbols(library, "GLIBCXX_3.4.30"))
            Tell(
                '✓',
                what,
                $"of GCC 12, {library}: TorchSharp wants GCC 13's, and is loaded from a mended copy (docs/libstdcxx.md)"
            );
        else
        {
            Tell(
                '✗',
                what,
                $"{library} is older than GCC 12's: libtorch will not load",
                "Set LD_LIBRARY_PATH to a folder with a newer libstdc++.so.6 (conda: $CONDA_PREFIX/lib), or use a newer distribution."
            );
            return false;
        }
        return true;
    }

    private static bool TellPackages(Repository repository)
    {
        const string what = "packages";
        string folder = repository.Packages;
        if (repository.HasPackages && Directory.GetDirectories(folder, "libtorch-c*").Length > 0)
            Tell('✓', what, $"restored in {folder}");
        else if (repository.HasPackages && Variables.Get(Variables.LibTorch) is not null)
            Tell('✓', what, $"restored in {folder}, but for libtorch: SIMCLR_LIBTORCH names one");
        else
        {
            double free = new DriveInfo(Existing(folder)).AvailableFreeSpace / 1e9;
            Tell(
                '✗',
                what,
                $"not restored: TorchSharp and libtorch are not in {folder} ({free:0.0} GB free)",
                $"Run {Help.Name} setup: it downloads 390 MB and takes 2 GB. NUGET_PACKAGES moves the folder."
            );
            return false;
        }
        return true;
    }

    /// <summary>A folder, or the nearest one above it that is there.</summary>
    private static string Existing(string folder)
    {
        while (!Directory.Exists(folder))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    /// <summary>Builds by another launcher, so that what that says is told in a line.</summary>
    private static bool TellBuild(Repository repository)
    {
        using var output = new MemoryStream();
        string launcher = typeof(Doctor).Assembly.Location;
        if (Child.Listen(Child.Dotnet, Environment.CurrentDirectory, output.Write, launcher, "build") == 0)
            return true;
        string log = Path.Combine(repository.State, "doctor");
        File.WriteAllBytes(log, output.ToArray());
        string said =
            File.ReadLines(log).FirstOrDefault(line => line.Contains("error") || line.Contains("simclr:")) ?? "";
        Tell('✗', "build", $"fails: {said}", $"The whole output is in {log}.");
        return false;
    }
}
