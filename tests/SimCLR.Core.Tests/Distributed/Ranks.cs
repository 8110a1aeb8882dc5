using System.Diagnostics;
using System.Text;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>Starts this very program on several ranks, by Debian's launchers.</summary>
internal static class Ranks
{
    /// <summary>How long a test waits for ranks that have much to do.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>The launchers that are installed. Both can be, side by side.</summary>
    internal static readonly string[] Launchers = ["mpirun.openmpi", "mpiexec.mpich"];

    /// <summary>Skips the test, visibly, where the launcher is not installed.</summary>
    internal static void Need(string launcher) =>
        Assert.SkipUnless(IsInstalled(launcher), $"{launcher} is not installed (Debian: openmpi-bin, mpich)");

    internal static bool IsInstalled(string launcher) => File.Exists(Path.Combine("/usr/bin", launcher));

    /// <summary>Runs the program with those arguments on so many ranks.</summary>
    /// <returns>Its exit code, and what all ranks wrote.</returns>
    internal static (int Code, string Output) Start(
        string launcher,
        int size,
        IReadOnlyDictionary<string, string>? variables,
        params string[] arguments
    )
    {
        string[] options = launcher.EndsWith("openmpi", StringComparison.Ordinal)
            ? ["--oversubscribe", "--bind-to", "none"]
            : [];
        return Start(launcher, variables, [.. options, "-n", $"{size}", Environment.ProcessPath!, .. arguments]);
    }

    /// <summary>Runs any launcher.</summary>
    /// <returns>Its exit code, and what all ranks wrote.</returns>
    internal static (int Code, string Output) Start(
        string launcher,
        IReadOnlyDictionary<string, string>? variables,
        string[] arguments
    )
    {
        var start = new ProcessStartInfo(launcher, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The tests may run as root, in a container.
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var output = new StringBuilder();
        using var process = Process.Start(start)!;
        process.OutputDataReceived += Note;
        process.ErrorDataReceived += Note;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{launcher} did not end within {Patience.TotalSeconds} s. It said: {output}");
        }
        process.WaitForExit();
        return (process.ExitCode, output.ToString());

        void Note(object _, DataReceivedEventArgs data)
        {
            lock (output)
                if (data.Data is not null)
                    output.AppendLine(data.Data);
        }
    }
}
