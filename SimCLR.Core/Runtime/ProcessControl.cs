using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SimCLR.Core.Runtime;

/// <summary>What .NET has no call for: two ways to end a process, and which one started this.</summary>
public static partial class ProcessControl
{
    private const int Terminate = 15;

    /// <summary>Ends this process while other threads compute, without running exit handlers: libtorch's would free memory that its threads are using.</summary>
    /// <param name="code">The exit status, 0 to 255.</param>
    public static void ExitNow(int code)
    {
        Console.Out.Flush();
        Console.Error.Flush();
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        else
            Exit(code);
    }

    /// <summary>Asks another process to end (SIGTERM); on Windows it is killed.</summary>
    public static void AskToEnd(Process process)
    {
        if (OperatingSystem.IsWindows())
            process.Kill();
        else
            _ = Send(process.Id, Terminate);
    }

    /// <summary>Number of the process that started this one, while it lives; of another afterwards. Null on Windows, which does not tell.</summary>
    public static int? ParentId => OperatingSystem.IsWindows() ? null : Parent();

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int Parent();

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
