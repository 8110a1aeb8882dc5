using System.Globalization;
using System.Net.Sockets;
using System.Text;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>
/// Ranks that torchrun has started, or anybody who sets its variables: they meet at MASTER_ADDR and MASTER_PORT, where rank 0 joins what all say. It is for ids,
/// flags and texts; what is large goes by NCCL. Each notices within half a minute that another is gone.
/// </summary>
internal sealed class Rendezvous : ICollective
{
    private const string Address = "MASTER_ADDR";
    private const string Port = "MASTER_PORT";

    /// <summary>Ports tried, one after the other: torchrun keeps the first for itself.</summary>
    private const int Ports = 16;

    private const string Leaves = "leaves";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>To each other rank of rank 0's, to rank 0 of the others': one for exchanges, and one on which nothing comes but how a rank ends.</summary>
    private readonly List<(RankLink Exchange, RankLink Watch)> links = [];
    private readonly Lock gate = new();
    private volatile bool isOver;

    private Rendezvous(Launch launch, string host, int port, TimeSpan patience)
    {
        (Rank, Size, Name) = (launch.Rank, launch.Size, $"{host}:{port}");
        var deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        var run = $"{Environment.GetEnvironmentVariable("TORCHELASTIC_RUN_ID")} {Size}";
        if (Rank == 0)
        {
            var met = RankLink.Accept(Enumerable.Range(port, Ports), 2 * (Size - 1), run, deadline, Where);
            for (var rank = 1; rank < Size; rank++)
                links.Add((met[(rank, false)], met[(rank, true)]));
        }
        else
        {
            RankLink Meet(bool isWatch) =>
                RankLink.Connect(host, Enumerable.Range(port, Ports), (Rank, isWatch), run, deadline, Where);
            links.Add((Meet(false), Meet(true)));
        }
        for (var i = 0; i < links.Count; i++)
        {
            var (link, other) = (links[i].Watch, Rank == 0 ? i + 1 : 0);
            new Thread(() => Watch(link, other)) { IsBackground = true, Name = $"watches rank {other}" }.Start();
        }
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (Environment.ExitCode == 0)
                Dispose();
        };
    }

    private string Where => $"{Address} and {Port} are {Name}";

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Meets the others.</summary>
    /// <exception cref="DistributedException">The variables do not say where, or not all come within five minutes.</exception>
    internal static Rendezvous Join(Launch launch, TimeSpan? patience = null)
    {
        var host = Environment.GetEnvironmentVariable(Address);
        var port = Environment.GetEnvironmentVariable(Port);
        if (
            string.IsNullOrEmpty(host)
            || !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number is < 1 or > 65535 - Ports
        )
            throw new DistributedException(
                $"{launch.Launcher} started {launch.Size} processes, but {Address} is '{host}' and {Port} '{port}'; "
                    + $"say where rank 0 runs and a free port there, for example {Address}=127.0.0.1 {Port}=29500."
            );
        // The first is kept by torchrun's own store.
        var own = Environment.GetEnvironmentVariable("TORCHELASTIC_USE_AGENT_STORE") == "True" ? 1 : 0;
        return new Rendezvous(launch, host, number + own, patience ?? Patience);
    }

    /// <inheritdoc/>
    public void AllReduceSum(Tensor values)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var all = AllGather(values.detach().unsqueeze(0));
        // In the same order on every rank.
        var sum = all[0].clone();
        for (var rank = 1; rank < Size; rank++)
            sum.add_(all[rank]);
        values.detach().copy_(sum);
    }

    /// <inheritdoc/>
    public Tensor AllGather(Tensor rows)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var here = rows.detach().cpu().contiguous();
        var all = empty([Size * here.shape[0], .. here.shape[1..]], here.dtype, CPU);
        Exchange(here.bytes).CopyTo(all.bytes);
        return all.to(rows.device).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor values)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var here = values.detach().cpu().contiguous().clone();
        Exchange(Rank == 0 ? here.bytes : []).CopyTo(here.bytes);
        values.detach().copy_(here);
    }

    /// <inheritdoc/>
    public void Barrier() => Exchange([]);

    /// <inheritdoc/>
    public void Abort(string why)
    {
        isOver = true;
        Console.Error.WriteLine($"Rank {Rank} of {Size} ends all: {why}");
        foreach (var (_, watch) in links)
            watch.TrySend(Encoding.UTF8.GetBytes(why));
        ProcessControl.ExitNow(1);
    }

    /// <summary>Leaves; the others go on.</summary>
    public void Dispose()
    {
        if (isOver)
            return;
        isOver = true;
        foreach (var (exchange, watch) in links)
        {
            watch.TrySend(Encoding.UTF8.GetBytes(Leaves));
            exchange.Dispose();
            watch.Dispose();
        }
    }

    /// <summary>What all ranks say, that of rank 0 first; nobody computes while he waits.</summary>
    private byte[] Exchange(Span<byte> said)
    {
        lock (gate)
            try
            {
                if (Rank > 0)
                {
                    links[0].Exchange.Send(said);
                    return links[0].Exchange.Receive();
                }
                using var all = new MemoryStream();
                all.Write(said);
                foreach (var (link, _) in links)
                    all.Write(link.Receive());
                var joined = all.ToArray();
                foreach (var (link, _) in links)
                    link.Send(joined);
                return joined;
            }
            catch (Exception error) when (error is IOException or SocketException)
            {
                // The watch says why, and ends this process.
                Thread.Sleep(TimeSpan.FromSeconds(2));
                throw new DistributedException($"A rank is gone: {error.Message}");
            }
    }

    /// <summary>Ends this process with another that has failed.</summary>
    private void Watch(RankLink link, int other)
    {
        string end;
        try
        {
            end = Encoding.UTF8.GetString(link.Receive());
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            end = $"it is gone without a word ({error.Message.TrimEnd('.')})";
        }
        if (!isOver && end != Leaves)
            Abort($"rank {other} has failed: {end}");
    }
}
