using System.Runtime.InteropServices;

namespace SimCLR.Core.Runtime;

/// <summary>Ends the process while other threads compute.</summary>
public static partial class ImmediateExit
{
    /// <summary>Ends without running exit handlers: libtorch's would free memory that its threads are using.</summary>
    public static void With(int code)
    {
        Console.Out.Flush();
        Console.Error.Flush();
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        else
            Exit(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);
}
