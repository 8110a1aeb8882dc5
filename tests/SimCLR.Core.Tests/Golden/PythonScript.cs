using System.Diagnostics;

namespace SimCLR.Core.Tests.Golden;

/// <summary>A script of tests/golden, run by Debian's Python.</summary>
internal static class PythonScript
{
    private const string Python = "/usr/bin/python3";

    /// <summary>What a script ends with that lacks PyTorch or torchvision.</summary>
    private const int Absent = 3;

    /// <summary>Runs it, and gives what it prints; skips the test where there is no Python or the packages are absent.</summary>
    internal static string Run(string name, string packages, params string[] arguments)
    {
        if (!File.Exists(Python))
            Assert.Skip($"There is no {Python}.");
        var script = Path.Combine(Repository.Root, "tests", "golden", name);
        var start = new ProcessStartInfo(Python, ["-B", script, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // This process's libstdc++ and thread settings are not for Python's torch.
        foreach (var variable in (string[])["LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME"])
            start.Environment.Remove(variable);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode == Absent)
            Assert.Skip($"{Python} lacks packages ({output.Trim()}); apt-get install {packages}.");
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }
}
