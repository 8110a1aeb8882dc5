using System.Diagnostics;
using System.Runtime.InteropServices;
using SimCLR.Core.Runtime;
using TorchSharp;

namespace SimCLR.Benchmarks;

/// <summary>What a figure was measured on.</summary>
internal static class Machine
{
    internal static string Describe(torch.Device device) =>
        $"{Name(device)}, {torch.get_num_threads()} threads, {Environment.ProcessorCount} processors, "
        + $"{RuntimeInformation.OSDescription}, .NET {Environment.Version}, TorchSharp {typeof(torch).Assembly.GetName().Version}, "
        + $"libtorch from the {LibTorch.Load().Kind}, device {device.type.ToString().ToLowerInvariant()}";

    /// <summary>Device and processor: measurements of several machines stand side by side.</summary>
    internal static string Place(torch.Device device) => $"{device.type.ToString().ToLowerInvariant()}, {Name(device)}";

    private static string Name(torch.Device device) =>
        device.type == DeviceType.CUDA && Gpu.Models.Count > 0 ? string.Join(" and ", Gpu.Models) : Processor.Name;

    /// <summary>Resident memory of this process in MiB; its peak since the last <see cref="ResetPeak"/>.</summary>
    internal static (double Now, double Peak) Memory() =>
        File.Exists(Status) ? (Field("VmRSS"), Field("VmHWM")) : (Environment.WorkingSet / 1048576.0, double.NaN);

    /// <summary>Resident memory that is no file's, in MiB.</summary>
    internal static double AnonymousMemory() => File.Exists(Status) ? Field("RssAnon") : double.NaN;

    private const string Status = "/proc/self/status";

    private static double Field(string name) =>
        File.ReadLines(Status)
            .Where(line => line.StartsWith(name))
            .Select(line => double.Parse(line.Split(':')[1].Replace("kB", "").Trim()) / 1024)
            .FirstOrDefault();

    /// <summary>Seconds from the start of this process until now.</summary>
    internal static double Age => (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;

    /// <summary>benchmarks/RESULTS.md of the checkout that this runs in, else RESULTS.md in the current folder.</summary>
    internal static string ResultsFile
    {
        get
        {
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
                if (File.Exists(Path.Combine(folder.FullName, "SimCLR.Benchmarks.csproj")))
                    return Path.Combine(folder.FullName, "RESULTS.md");
            return Path.GetFullPath("RESULTS.md");
        }
    }

    /// <summary>Forgets the peak (Linux: writing 5 to clear_refs).</summary>
    internal static void ResetPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The peak then is that of the whole process.
        }
    }
}
