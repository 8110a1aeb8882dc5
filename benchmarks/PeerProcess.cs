using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SimCLR.Benchmarks;

/// <summary>benchmarks/peer/simclr_peer.py as a child: takes steps when told, and stands still with all its workers otherwise.</summary>
internal sealed partial class PeerProcess : IDisposable
{
    private const int Continue = 18; // SIGCONT and SIGSTOP on Linux
    private const int Stop = 19;

    private readonly Process process;

    private PeerProcess(Process process, JsonElement setUp) => (this.process, SetUp) = (process, setUp);

    /// <summary>The encoders that it has.</summary>
    internal static readonly IReadOnlyList<string> Encoders = ["resnet18", "resnet18-quarter", "resnet50"];

    /// <summary>The script, beside this program.</summary>
    internal static string Script { get; } = Path.Combine(AppContext.BaseDirectory, "peer", "simclr_peer.py");

    /// <summary>What it says of itself: torch, device, threads, workers.</summary>
    internal JsonElement SetUp { get; }

    /// <summary>Starts it, and waits until its first step is done.</summary>
    /// <returns>The process, or why there is none.</returns>
    internal static (PeerProcess? Peer, string Why) Start(string python, IEnumerable<string> arguments)
    {
        Process process;
        try
        {
            // In a process group of its own, so that its workers can be stopped with it.
            string[] command = ["setsid", python, Script, .. arguments];
            process = Process.Start(
                new ProcessStartInfo(command[0], command[1..])
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                }
            )!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return (null, error.Message);
        }
        var peer = new PeerProcess(process, Read(process) ?? Parse("""{"skipped": "it ended without a word"}"""));
        if (!peer.SetUp.TryGetProperty("skipped", out var why))
        {
            peer.Signal(Stop);
            return (peer, "");
        }
        peer.Dispose();
        return (null, why.GetString()!);
    }

    /// <summary>Takes so many steps; seconds of one of them, on the clock and of processor time.</summary>
    internal (double Wall, double Processor) Take(int steps)
    {
        Signal(Continue);
        process.StandardInput.WriteLine(steps);
        process.StandardInput.Flush();
        var answer = Read(process) ?? throw new OptionException("the peer ended in the middle of its steps");
        Signal(Stop);
        return (Seconds("seconds"), Seconds("processor"));

        double Seconds(string name) => answer.GetProperty(name).GetDouble() / steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!process.HasExited)
        {
            Signal(Continue);
            process.StandardInput.Close();
            if (!process.WaitForExit(TimeSpan.FromSeconds(5)))
                process.Kill(entireProcessTree: true);
        }
        process.Dispose();
    }

    private static JsonElement? Read(Process process)
    {
        while (process.StandardOutput.ReadLine() is { } line)
            if (line.StartsWith('{'))
                return Parse(line);
        return null;
    }

    private static JsonElement Parse(string line) => JsonDocument.Parse(line).RootElement;

    private void Signal(int signal)
    {
        if (!process.HasExited)
            Kill(-process.Id, signal);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
