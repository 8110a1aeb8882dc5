using System.Security.Cryptography;
using System.Text;

namespace SimCLR.Launcher;

/// <summary>F# scripts: those that load this project are compiled once; F# Interactive runs the others.</summary>
internal static class Script
{
    private const int DaysKept = 30;

    public static int Run(Repository repository, string script, params string[] arguments)
    {
        if (!File.Exists(script))
        {
            string known = string.Join(
                ' ',
                Directory.GetFiles(repository.At("scripts"), "*.fsx").Order().Select(Relative)
            );
            throw new LauncherException($"there is no script '{script}'. Those of this project: {known}");
        }
        Build.Libraries(repository);
        if (Variables.Get("SIMCLR_SCRIPTS") != "interactive" && Compiled(repository, script) is { } program)
        {
            Variables.Set("SIMCLR_SCRIPT", script);
            return Child.Become([program, .. arguments]);
        }
        return Child.Become([.. Interactive(repository), script, .. arguments]);

        string Relative(string path) => "scripts/" + Path.GetFileName(path);
    }

    /// <summary>F# Interactive itself, not through 'dotnet fsi', which starts it as a child process that a signal to this one does not reach.</summary>
    public static string[] Interactive(Repository repository) =>
        [Path.Combine(Machine.SdkFolder(repository), "FSharp", "fsi.dll"), "--quiet", "--optimize+"];

    /// <summary>The program that a script is compiled to, beside the libraries that it needs. Null where F# Interactive is to run it.</summary>
    private static string? Compiled(Repository repository, string script)
    {
        if (ScriptFiles.Of(repository, script) is not { } files)
            return null;
        string real = Native.RealPath(script);
        string name = $"{Path.GetFileNameWithoutExtension(real)}-{Hash(repository, real, files)}";
        string program = Path.Combine(repository.Binaries, name + ".dll");
        if (File.Exists(program + ".failed"))
            return null;
        if (!File.Exists(program))
        {
            try
            {
                Compile(repository, real, name);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
        if (!File.Exists(program))
            return null;
        KeepFor(repository, name);
        return program;
    }

    /// <summary>Of all that decides what the program does.</summary>
    private static string Hash(Repository repository, string script, List<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(script + "\n"));
        hash.AppendData(File.ReadAllBytes(repository.At("scripts", "load.fsx")));
        hash.AppendData(File.ReadAllBytes(Path.Combine(repository.Binaries, "SimCLR.Core.dll")));
        hash.AppendData(File.ReadAllBytes(Path.Combine(repository.Binaries, "SimCLR.FSharp.dll")));
        foreach (string file in files)
            hash.AppendData(File.ReadAllBytes(file));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>Into a folder of its own, from where it is moved: others may start the same script.</summary>
    private static void Compile(Repository repository, string script, string name)
    {
        string part = Path.Combine(repository.Binaries, "script." + Path.GetRandomFileName());
        Directory.CreateDirectory(part);
        try
        {
            Sweep(repository);
            string program = Path.Combine(repository.Binaries, name + ".dll");
            string made = Path.Combine(part, name + ".dll");
            string log = Path.Combine(part, "log");
            if (CallCompiler(repository, script, made, log) != 0)
            {
                // F# Interactive says why, where it is the script's fault.
                File.Move(log, program + ".failed", true);
                return;
            }
            // Warnings.
            if (new FileInfo(log).Length > 0)
                Say.Error(File.ReadAllText(log).TrimEnd());
            string settings = Path.Combine(part, "settings");
            File.Copy(Path.Combine(repository.Binaries, "script.runtimeconfig.json"), settings);
            File.Move(settings, Path.Combine(repository.Binaries, name + ".runtimeconfig.json"), true);
            File.Move(made, program, true);
        }
        finally
        {
            Directory.Delete(part, true);
        }
    }

    private static int CallCompiler(Repository repository, string script, string program, string log)
    {
        string compiler = Path.Combine(Machine.SdkFolder(repository), "FSharp");
        string settings = Path.Combine(repository.Binaries, "FSharp.Compiler.Interactive.Settings.dll");
        byte[] wanted = File.ReadAllBytes(Path.Combine(compiler, Path.GetFileName(settings)));
        if (!File.Exists(settings) || !File.ReadAllBytes(settings).AsSpan().SequenceEqual(wanted))
        {
            // Moved there, as programs that run have it open.
            string copy = Path.Combine(Path.GetDirectoryName(program)!, Path.GetFileName(settings));
            File.WriteAllBytes(copy, wanted);
            File.Move(copy, settings, true);
        }
        using var output = File.Create(log);
        return Child.Listen(
            Child.Dotnet,
            Environment.CurrentDirectory,
            output.Write,
            Path.Combine(compiler, "fsc.dll"),
            "--nologo",
            "--target:exe",
            "--targetprofile:netcore",
            "--optimize+",
            "--debug-",
            "--nocopyfsharpcore",
            "--define:INTERACTIVE",
            $"-r:{Path.Combine(repository.Binaries, "FSharp.Core.dll")}",
            $"-r:{settings}",
            $"-o:{program}",
            script
        );
    }

    /// <summary>Programs are kept as long as they are used.</summary>
    private static void KeepFor(Repository repository, string name)
    {
        try
        {
            Stamp.Touch(Path.Combine(repository.Binaries, name + ".dll"));
            Stamp.Touch(Path.Combine(repository.Binaries, name + ".runtimeconfig.json"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A build of somebody else's.
        }
    }

    private static void Sweep(Repository repository)
    {
        DateTime oldest = DateTime.UtcNow.AddDays(-DaysKept);
        foreach (string file in Directory.GetFiles(repository.Binaries, "*-????????????????.*"))
            if (File.GetLastWriteTimeUtc(file) < oldest)
                File.Delete(file);
    }
}
