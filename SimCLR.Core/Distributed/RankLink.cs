using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SimCLR.Core.Distributed;

/// <summary>A connection between rank 0 and another; messages with their length before them.</summary>
internal sealed class RankLink(Socket socket) : IDisposable
{
    /// <summary>Whoever else connects or listens is not of us.</summary>
    private const string Greeting = "SimCLR.Research ranks 1 ";

    private const int LongestGreeting = 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Greeted = TimeSpan.FromSeconds(5);

    private readonly NetworkStream stream = new(Silent(socket), ownsSocket: true);

    /// <summary>Of rank 0: so many links of others, by who has made it.</summary>
    /// <param name="ports">The first that is free is taken.</param>
    /// <param name="count">How many.</param>
    /// <param name="run">What all ranks of a run say, and no others.</param>
    /// <param name="deadline">Of <see cref="Environment.TickCount64"/>.</param>
    /// <param name="where">For messages.</param>
    internal static Dictionary<(int Rank, bool IsWatch), RankLink> Accept(
        IEnumerable<int> ports,
        int count,
        string run,
        long deadline,
        string where
    )
    {
        using var listener = Listen(ports, where);
        var links = new Dictionary<(int, bool), RankLink>();
        while (links.Count < count)
        {
            if (!listener.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectRead))
            {
                if (Environment.TickCount64 > deadline)
                    throw new DistributedException(
                        $"Of the other ranks {count / 2 - links.Keys.Select(key => key.Item1).Distinct().Count()} have not come ({where}). "
                            + "Start all of them, with the same variables."
                    );
                continue;
            }
            var link = new RankLink(listener.Accept());
            if (link.TryGreeted(run, out var rank, out var isWatch))
                links[(rank, isWatch)] = link;
            else
                link.Dispose();
        }
        return links;
    }

    /// <summary>Of another rank: a link to rank 0, which may come later.</summary>
    internal static RankLink Connect(
        string host,
        IEnumerable<int> ports,
        (int Rank, bool IsWatch) self,
        string run,
        long deadline,
        string where
    )
    {
        var places = ports.ToList();
        while (true)
        {
            foreach (var port in places)
                if (TryConnect(host, port, self, run) is { } link)
                    return link;
            if (Environment.TickCount64 > deadline)
                throw new DistributedException(
                    $"Rank {self.Rank} has not found rank 0 ({where}). Start it, and let its port and the {places.Count - 1} behind it through."
                );
            Thread.Sleep(Pause);
        }
    }

    /// <summary>Sends a message.</summary>
    internal void Send(ReadOnlySpan<byte> message)
    {
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, message.Length);
        stream.Write(length);
        stream.Write(message);
    }

    /// <summary>Sends a message, if there is somebody.</summary>
    internal void TrySend(ReadOnlySpan<byte> message)
    {
        try
        {
            Send(message);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // It is gone already.
        }
    }

    /// <summary>Waits for a message.</summary>
    /// <exception cref="IOException">The other is gone.</exception>
    internal byte[] Receive() => Receive(Array.MaxLength);

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    private byte[] Receive(long longest)
    {
        Span<byte> length = stackalloc byte[8];
        stream.ReadExactly(length);
        var count = BinaryPrimitives.ReadInt64LittleEndian(length);
        if (count < 0 || count > longest)
            throw new IOException("what came is no message of a rank");
        var message = new byte[count];
        stream.ReadExactly(message);
        return message;
    }

    private static Socket Listen(IEnumerable<int> ports, string where)
    {
        foreach (var port in ports)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port));
                socket.Listen();
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
            }
        }
        throw new DistributedException($"Rank 0 finds no free port ({where}, and the ports behind it). Give another.");
    }

    private static RankLink? TryConnect(string host, int port, (int Rank, bool IsWatch) self, string run)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(host, port);
            var link = new RankLink(socket);
            link.stream.ReadTimeout = (int)Greeted.TotalMilliseconds;
            link.Send(Encoding.UTF8.GetBytes($"{Greeting}{run}|{self.Rank}|{self.IsWatch}"));
            var answer = link.Receive(LongestGreeting);
            link.stream.ReadTimeout = Timeout.Infinite;
            if (Encoding.UTF8.GetString(answer) == Greeting)
                return link;
            link.Dispose();
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            socket.Dispose();
        }
        return null;
    }

    /// <summary>Whether it is a rank of this run's that has connected.</summary>
    private bool TryGreeted(string run, out int rank, out bool isWatch)
    {
        (rank, isWatch) = (0, false);
        try
        {
            stream.ReadTimeout = (int)Greeted.TotalMilliseconds;
            var parts = Encoding.UTF8.GetString(Receive(LongestGreeting)).Split('|');
            stream.ReadTimeout = Timeout.Infinite;
            if (
                parts is not [var greeting, var number, var watch]
                || greeting != Greeting + run
                || !int.TryParse(number, out rank)
                || !bool.TryParse(watch, out isWatch)
            )
                return false;
            Send(Encoding.UTF8.GetBytes(Greeting));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>A machine that is gone sends nothing: it is asked.</summary>
    private static Socket Silent(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        return socket;
    }
}
