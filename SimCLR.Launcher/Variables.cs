using System.Globalization;

namespace SimCLR.Launcher;

/// <summary>The environment of what the launcher starts.</summary>
internal static class Variables
{
    public const string Launcher = "SIMCLR_LAUNCHER";
    public const string LibTorch = "SIMCLR_LIBTORCH";

    public static string? Get(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    public static void Set(string name, string value)
    {
        Environment.SetEnvironmentVariable(name, value);
        if (!OperatingSystem.IsWindows())
            Native.SetVariable(name, value);
    }

    public static void SetAll(Repository repository)
    {
        Set("DOTNET_CLI_TELEMETRY_OPTOUT", "1");
        Set("DOTNET_NOLOGO", "1");
        // Compiled code of this project and of TorchSharp is hot from the first step on; tiering up costs seconds of a short run.
        Set("DOTNET_TieredPGO", "0");
        // Few and foreground collections: see SimCLR.Core/Runtime/CollectionPause.cs.
        Set("DOTNET_gcConcurrent", "0");
        Set("DOTNET_GCgen0size", "0x4000000");
        // Idle OpenMP threads spin briefly, then sleep: endless spinning costs ten times the speed as soon as anything else runs.
        Default("GOMP_SPINCOUNT", "2000");
        // glibc keeps what a step frees for the next one instead of giving it back page by page, whatever its size: see ProcessSettings.cs.
        // One arena: several that fill unevenly look like growth.
        Default("MALLOC_ARENA_MAX", "1");
        Default("MALLOC_TRIM_THRESHOLD_", ulong.MaxValue.ToString(CultureInfo.InvariantCulture));
        if (Get("MALLOC_MMAP_THRESHOLD_") is null)
            Default("MALLOC_MMAP_MAX_", "0");
        // The CUDA package, where setup --cuda has restored it.
        string cuda = Path.Combine(repository.State, "cuda", "lib");
        if (File.Exists(Path.Combine(cuda, "libtorch_cuda.so")))
            Default(LibTorch, cuda);
        // What a script's --help calls the way it was started; ./simclr has said so itself.
        Default(Launcher, Help.Tool);
    }

    private static void Default(string name, string value)
    {
        if (Get(name) is null)
            Set(name, value);
    }
}
