using System.Runtime.InteropServices;

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

    /// <summary>The fields of the first processor, each "name : value".</summary>
    internal static Dictionary<string, string> Parse(IEnumerable<string> lines) =>
        lines
            .TakeWhile(line => line.Length > 0)
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(field => field.Length == 2)
            .DistinctBy(field => field[0])
            .ToDictionary(field => field[0], field => field[1]);
}
