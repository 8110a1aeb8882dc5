using System.Runtime.InteropServices;

namespace SimCLR.Launcher;

/// <summary>What .NET does not offer of Unix.</summary>
internal static partial class Native
{
    private const int SigPipe = 13;

    /// <summary>Puts a program into the place of this process, which keeps its number, terminal and variables. Returns only if that fails.</summary>
    public static void Execute(string program, IReadOnlyList<string> arguments)
    {
        var all = new string?[arguments.Count + 2];
        all[0] = program;
        for (int i = 0; i < arguments.Count; i++)
            all[i + 1] = arguments[i];
        // .NET ignores it, and what is ignored stays so in the next program.
        signal(SigPipe, 0);
        // .NET's port for diagnostics is named by number and start of the process, which a next .NET has, too, and cannot open where this is left.
        foreach (string port in Directory.GetFiles(Path.GetTempPath(), $"dotnet-diagnostic-{Environment.ProcessId}-*"))
            File.Delete(port);
        execv(program, all);
    }

    /// <summary>For the programs that take this one's place: .NET's own variables are a copy.</summary>
    public static void SetVariable(string name, string value) => setenv(name, value, 1);

    /// <summary>The path without links in any part; itself where it does not exist.</summary>
    public static string RealPath(string path)
    {
        if (OperatingSystem.IsWindows())
            return Path.GetFullPath(path);
        IntPtr found = realpath(path, IntPtr.Zero);
        if (found == IntPtr.Zero)
            return Path.GetFullPath(path);
        string text = Marshal.PtrToStringUTF8(found)!;
        free(found);
        return text;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int execv(string program, string?[] arguments);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc")]
    private static partial IntPtr signal(int number, IntPtr handler);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial IntPtr realpath(string path, IntPtr buffer);

    [LibraryImport("libc")]
    private static partial void free(IntPtr memory);
}
