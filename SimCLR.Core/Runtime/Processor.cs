using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace SimCLR.Core.Runtime;

/// <summary>The machine's processor, as Linux's /proc/cpuinfo names it: .NET has neither its name nor all of its features.</summary>
public static class Processor
{
    private const string Source = "/proc/cpuinfo";

    private static readonly Lazy<Dictionary<string, string>> Fields = new(() =>
        File.Exists(Source) ? Parse(File.ReadLines(Source)) : []
    );

    /// <summary>Its model, or its architecture where the system does not name it.</summary>
    public static string Name =>
        Fields.Value.GetValueOrDefault("model name") ?? RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>AuthenticAMD, GenuineIntel, ...; empty where the system does not name it.</summary>
    public static string Vendor => Fields.Value.GetValueOrDefault("vendor_id", "");

    /// <summary>What it can do in the kernel's names, such as avx512_bf16; empty where the system does not name it.</summary>
    public static IReadOnlyList<string> Flags => Fields.Value.GetValueOrDefault("flags", "").Split(' ');

    /// <summary>Whether this is an AMD processor that does not say how large its caches are, as some virtual machines have it do.</summary>
    public static bool HidesCaches { get; } =
        X86Base.IsSupported && HidesCachesBy((leaf, part) => X86Base.CpuId(unchecked((int)leaf), part));

    /// <summary>The same by what CPUID answers: a cache of type 0 is none.</summary>
    internal static bool HidesCachesBy(Func<uint, int, (int Eax, int Ebx, int Ecx, int Edx)> ask)
    {
        const uint largest = 0x80000000;
        const uint caches = 0x8000001D;
        const int amd = 0x68747541; // "Auth", how AuthenticAMD begins
        return ask(0, 0).Ebx == amd
            && unchecked((uint)ask(largest, 0).Eax) >= caches
            && (ask(caches, 0).Eax & 0x1F) == 0;
    }

    /// <summary>The fields of the first processor, each "name : value".</summary>
    internal static Dictionary<string, string> Parse(IEnumerable<string> lines) =>
        lines
            .TakeWhile(line => line.Length > 0)
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(field => field.Length == 2)
            .DistinctBy(field => field[0])
            .ToDictionary(field => field[0], field => field[1]);
}
