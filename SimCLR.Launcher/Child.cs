using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SimCLR.Launcher;

/// <summary>Programs that the launcher starts.</summary>
internal static class Child
{
    /// <summary>The dotnet that runs this.</summary>
    public static string Dotnet { get; } =
        Path.GetFullPath(
            Path.Combine(
                RuntimeEnvironment.GetRuntimeDirectory(),
                "..",
                "..",
                "..",
                OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"
            )
        );

    /// <summary>
    /// Runs dotnet in this process's place, so that signals, exit code, input and process number are those of what was asked for. Where that cannot be,
    /// on Windows, as a child.
    /// </summary>
    public static int Become(params IReadOnlyList<string> arguments)
    {
        if (OperatingSystem.IsWindows())
            return Run(arguments);
        Native.Execute(Dotnet, arguments);
        throw new LauncherException($"{Dotnet} could not be started: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Runs dotnet on this terminal; its exit code, 128 and more for a signal. Ctrl-C is left to it.</summary>
    public static int Run(params IReadOnlyList<string> arguments)
    {
        using var interrupt = new CtrlC();
        using var child = Start(Dotnet, null, false, arguments);
        child.WaitForExit();
        return child.ExitCode;
    }

    /// <summary>Runs a program in a folder; its exit code. All that it says goes to a sink.</summary>
    public static int Listen(
        string program,
        string folder,
        Action<ReadOnlySpan<byte>> sink,
        params IReadOnlyList<string> arguments
    )
    {
        using var child = Start(program, folder, true, arguments);
        object turn = new();
        var readers = new[] { child.StandardOutput.BaseStream, child.StandardError.BaseStream }
            .Select(stream =>
            {
                var reader = new Thread(() => Copy(stream, sink, turn)) { IsBackground = true };
                reader.Start();
                return reader;
            })
            .ToList();
        child.WaitForExit(Timeout.InfiniteTimeSpan);
        // Not to its end: a server of the compiler that goes on may hold the pipe open.
        foreach (var reader in readers)
            reader.Join(TimeSpan.FromSeconds(10));
        return child.ExitCode;
    }

    /// <summary>A program of the system. .NET by itself would look in the current folder, too.</summary>
    public static string? OnPath(string program, params IEnumerable<string> elsewhere) =>
        (Variables.Get("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Where(Path.IsPathRooted)
            .Concat(elsewhere)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? program + ".exe" : program))
            .FirstOrDefault(File.Exists);

    /// <summary>What a program says on its output, if it ends with 0; else null, as where it cannot be started.</summary>
    public static string? Answer(string program, string folder, params IReadOnlyList<string> arguments)
    {
        try
        {
            using var child = Start(program, folder, true, arguments);
            child.ErrorDataReceived += (_, _) => { };
            child.BeginErrorReadLine();
            string output = child.StandardOutput.ReadToEnd();
            child.WaitForExit();
            return child.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static Process Start(string program, string? folder, bool listen, IReadOnlyList<string> arguments) =>
        Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder ?? "",
                RedirectStandardOutput = listen,
                RedirectStandardError = listen,
            }
        )!;

    private static void Copy(Stream stream, Action<ReadOnlySpan<byte>> sink, object turn)
    {
        byte[] buffer = new byte[1 << 16];
        while (stream.Read(buffer) is > 0 and int count)
            lock (turn)
                sink(buffer.AsSpan(0, count));
    }
}
