using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public sealed class DownloadTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly byte[] content = new byte[300_000];

    // A proxy of the environment has no way to this machine's own address.
    private readonly HttpClient client = new(new HttpClientHandler { UseProxy = false });

    public DownloadTests() => new Random(5).NextBytes(content);

    public void Dispose()
    {
        client.Dispose();
        folder.Dispose();
    }

    private string Target => folder.At("sub", "data.bin");

    [Fact]
    public void A_whole_file_arrives_and_nothing_else_is_left()
    {
        using var server = new Server(content);
        Fetch(server);
        Assert.Equal(content, File.ReadAllBytes(Target));
        Assert.False(File.Exists(Target + ".part"));
        Assert.Equal([""], server.Ranges);
    }

    [Fact]
    public void What_has_arrived_is_not_fetched_again()
    {
        File.WriteAllBytes(Target + ".part", content[..123_456]);
        using var server = new Server(content);
        Fetch(server);
        Assert.Equal(content, File.ReadAllBytes(Target));
        Assert.Equal(["bytes=123456-"], server.Ranges);
    }

    [Fact]
    public void A_server_without_ranges_sends_it_whole()
    {
        File.WriteAllBytes(Target + ".part", content[..1000]);
        using var server = new Server(content) { KnowsRanges = false };
        Fetch(server);
        Assert.Equal(content, File.ReadAllBytes(Target));
    }

    [Fact]
    public void A_part_that_is_already_complete_is_accepted()
    {
        File.WriteAllBytes(Target + ".part", content);
        using var server = new Server(content);
        Fetch(server);
        Assert.Equal(content, File.ReadAllBytes(Target));
    }

    [Fact]
    public void A_part_of_another_file_is_dropped_and_the_file_fetched_whole()
    {
        File.WriteAllBytes(Target + ".part", new byte[1000]);
        using var server = new Server(content);
        Fetch(server);
        Assert.Equal(content, File.ReadAllBytes(Target));
        Assert.Equal(["bytes=1000-", ""], server.Ranges);
    }

    [Fact]
    public void A_broken_connection_is_taken_up_where_it_ended()
    {
        using var server = new Server(content) { BreakAfter = 100_000, Breaks = 1 };
        Fetch(server);
        Assert.Equal(content, File.ReadAllBytes(Target));
        Assert.Equal(2, server.Ranges.Count);
        Assert.StartsWith("bytes=", server.Ranges[1]);
    }

    [Fact]
    public void When_it_goes_on_breaking_the_part_is_kept_and_the_message_says_so()
    {
        using var server = new Server(content) { BreakAfter = 50_000, Breaks = int.MaxValue };
        var error = Assert.Throws<ImageSourceException>(() => Fetch(server));
        Assert.Contains("run again", error.Message);
        Assert.False(File.Exists(Target));
        Assert.True(new FileInfo(Target + ".part").Length > 0);
    }

    [Fact]
    public void A_wrong_checksum_is_refused_and_deleted()
    {
        using var server = new Server(content);
        var error = Assert.Throws<ImageSourceException>(() => Fetch(server, md5: new string('0', 32)));
        Assert.Contains(Md5(content), error.Message);
        Assert.Contains("expected 0000", error.Message);
        Assert.Empty(Directory.GetFiles(folder.At("sub", "x")[..^2]));
    }

    [Fact]
    public void A_larger_file_than_stated_is_refused()
    {
        using var server = new Server(content);
        var error = Assert.Throws<ImageSourceException>(() => Fetch(server, maxBytes: 299_999));
        Assert.Contains("300000", error.Message);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void A_missing_file_is_reported_at_once()
    {
        using var server = new Server(content) { Status = 404 };
        var error = Assert.Throws<ImageSourceException>(() => Fetch(server));
        Assert.Contains("404", error.Message);
        Assert.Single(server.Ranges);
    }

    [Fact]
    public void A_server_that_is_not_there_is_named()
    {
        var address = new Uri($"http://127.0.0.1:{FreePort()}/data.bin");
        var error = Assert.Throws<ImageSourceException>(() =>
            new Download(client, attempts: 2).Fetch(new RemoteFile(address, "", 100), Target, null, default)
        );
        Assert.Contains(address.ToString(), error.Message);
        Assert.Contains("Check the network", error.Message);
    }

    [Fact]
    public void Cancelling_keeps_the_part()
    {
        using var server = new Server(content);
        using var cancel = new CancellationTokenSource();
        var file = new RemoteFile(server.Address, Md5(content), content.Length);
        Assert.ThrowsAny<OperationCanceledException>(() =>
            new Download(client).Fetch(file, Target, _ => cancel.Cancel(), cancel.Token)
        );
        Assert.False(File.Exists(Target));
    }

    private void Fetch(Server server, string? md5 = null, long maxBytes = 1_000_000) =>
        new Download(client).Fetch(
            new RemoteFile(server.Address, md5 ?? Md5(content), maxBytes),
            Target,
            null,
            default
        );

    private static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A small HTTP server on this machine: one file, ranges, and the faults that a test asks for.</summary>
    private sealed class Server : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly byte[] content;
        private int served;

        internal Server(byte[] content)
        {
            this.content = content;
            listener.Start();
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/data.bin");
            _ = Task.Run(Serve);
        }

        internal Uri Address { get; }
        internal bool KnowsRanges { get; init; } = true;
        internal int Status { get; init; } = 200;
        internal int BreakAfter { get; init; } = int.MaxValue;
        internal int Breaks { get; init; }

        /// <summary>The Range header of each request; empty where there was none.</summary>
        internal IReadOnlyList<string> Ranges => [.. ranges];

        private readonly ConcurrentQueue<string> ranges = new();

        public void Dispose() => listener.Stop();

        private async Task Serve()
        {
            try
            {
                while (true)
                {
                    using var connection = await listener.AcceptTcpClientAsync();
                    await Answer(connection.GetStream());
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException) { }
        }

        private async Task Answer(NetworkStream stream)
        {
            using var reader = new StreamReader(stream, Encoding.ASCII, false, 1024, leaveOpen: true);
            var range = "";
            while (await reader.ReadLineAsync() is { Length: > 0 } line)
                if (line.StartsWith("Range: "))
                    range = line["Range: ".Length..];
            ranges.Enqueue(range);

            var from = KnowsRanges && range != "" ? int.Parse(range["bytes=".Length..^1]) : 0;
            var status =
                Status != 200 ? $"{Status} Fault"
                : from >= content.Length ? "416 Range Not Satisfiable"
                : from > 0 ? "206 Partial Content"
                : "200 OK";
            var body = status[0] == '2' ? content[from..] : [];
            var extra =
                from > 0 && body.Length > 0
                    ? $"Content-Range: bytes {from}-{content.Length - 1}/{content.Length}\r\n"
                    : "";
            var head = $"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{extra}Connection: close\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
            var sent = served++ < Breaks ? Math.Min(BreakAfter, body.Length) : body.Length;
            await stream.WriteAsync(body.AsMemory(0, sent));
        }
    }
}
