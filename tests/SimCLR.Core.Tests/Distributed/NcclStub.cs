using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SimCLR.Core.Distributed;
using SimCLR.Core.Tests.Images;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>A library with NCCL's interface that works on memory of the host (libnccl.c), built by gcc; and processes that use it, with torchrun's variables.</summary>
internal sealed class NcclStub : IDisposable
{
    private readonly TemporaryFolder folder = new();

    internal NcclStub()
    {
        Assert.SkipUnless(
            File.Exists("/usr/bin/gcc"),
            "gcc is not installed, which builds a library with NCCL's interface"
        );
        var source = folder.At("libnccl.c");
        using (
            var text = typeof(NcclStub).Assembly.GetManifestResourceStream("SimCLR.Core.Tests.Distributed.libnccl.c")!
        )
        using (var file = File.Create(source))
            text.CopyTo(file);
        using var gcc = Process.Start("gcc", ["-Wall", "-O1", "-shared", "-fPIC", "-o", Library, source]);
        gcc.WaitForExit();
        Assert.Equal(0, gcc.ExitCode);
    }

    internal string Library => folder.At("libnccl.so.2");

    /// <summary>What it was asked for, a line each.</summary>
    internal string[] Calls => File.Exists(Log) ? File.ReadAllLines(Log) : [];

    private string Log => folder.At("calls");

    /// <summary>The variables with which a process uses it.</summary>
    internal Dictionary<string, string> Variables =>
        new()
        {
            [NcclLibrary.Variable] = Library,
            ["STUB_NCCL_FOLDER"] = folder.Root,
            ["STUB_NCCL_LOG"] = Log,
            ["OMP_NUM_THREADS"] = "1",
        };

    /// <summary>Starts this program so often, each with its rank.</summary>
    /// <returns>Exit code and output of each.</returns>
    internal (int Code, string Output)[] Start(int size, string check, params (string Name, string Value)[] variables)
    {
        var port = FreePort();
        var outputs = Enumerable.Range(0, size).Select(_ => new StringBuilder()).ToList();
        var processes = Enumerable.Range(0, size).Select(Begin).ToList();
        try
        {
            foreach (var (rank, process) in processes.Index())
                if (!process.WaitForExit(Ranks.Patience))
                    Assert.Fail(
                        $"Rank {rank} did not end within {Ranks.Patience.TotalSeconds} s. It said: {outputs[rank]}"
                    );
            // And what they have written has been read.
            processes.ForEach(process => process.WaitForExit());
            return [.. processes.Zip(outputs, (process, output) => (process.ExitCode, output.ToString()))];
        }
        finally
        {
            foreach (var process in processes)
                using (process)
                    if (!process.HasExited)
                        process.Kill();
        }

        Process Begin(int rank)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!, [RankChecks.Verb, check])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            foreach (var (name, value) in Variables)
                start.Environment[name] = value;
            foreach (var (name, value) in variables)
                start.Environment[name] = value;
            start.Environment["RANK"] = start.Environment["LOCAL_RANK"] = $"{rank}";
            start.Environment["WORLD_SIZE"] = $"{size}";
            start.Environment["MASTER_ADDR"] = "localhost";
            start.Environment["MASTER_PORT"] = $"{port}";
            var process = Process.Start(start)!;
            process.OutputDataReceived += Note;
            process.ErrorDataReceived += Note;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return process;

            void Note(object _, DataReceivedEventArgs data)
            {
                lock (outputs[rank])
                    outputs[rank].AppendLine(data.Data);
            }
        }
    }

    /// <summary>A port that nobody listens at.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose() => folder.Dispose();
}
