using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace SimCLR.Core.Images;

/// <summary>A file on a server, with what is known about it.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Md5">Its MD5 as lower-case hexadecimal digits: what the publishers of these data sets state.</param>
/// <param name="MaxBytes">More than this is refused.</param>
internal sealed record RemoteFile(Uri Address, string Md5, long MaxBytes);

/// <summary>
/// Fetches a file over HTTP. What has arrived is kept beside the target as NAME.part and a later attempt asks for the
/// rest; the target appears only when complete and its checksum is right.
/// </summary>
internal sealed class Download(HttpClient client, int attempts = 3)
{
    private const int BufferBytes = 1 << 17;
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);

    /// <summary>With redirects, and no limit to the whole but one minute to each part.</summary>
    private static readonly Lazy<HttpClient> Shared = new(() => new HttpClient { Timeout = Timeout.InfiniteTimeSpan });

    /// <summary>Fetches with the process's client; does nothing where the target exists.</summary>
    internal static void Ensure(RemoteFile file, string target, Action<string>? report, CancellationToken cancellation)
    {
        if (!File.Exists(target))
            new Download(Shared.Value).Fetch(file, target, report, cancellation);
    }

    /// <summary>Fetches the file, from where an earlier attempt ended.</summary>
    /// <exception cref="ImageSourceException">It could not be fetched, is too large or is not the file
    /// expected.</exception>
    internal void Fetch(RemoteFile file, string target, Action<string>? report, CancellationToken cancellation)
    {
        var part = target + ".part";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
            var resumed = File.Exists(part);
            Receive(file, part, report, cancellation);
            if (Md5Of(part) != file.Md5 && resumed)
            {
                report?.Invoke($"{part} was not a beginning of {file.Address}; fetching it whole");
                File.Delete(part);
                Receive(file, part, report, cancellation);
            }
            Accept(file, part, target);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageSourceException(
                $"{file.Address} could not be saved as {target}: {error.Message} "
                    + "Check the folder's free space and rights, and that no other process is fetching it.",
                error
            );
        }
    }

    private static void Accept(RemoteFile file, string part, string target)
    {
        var found = Md5Of(part);
        if (found == file.Md5)
        {
            File.Move(part, target, overwrite: true);
            return;
        }
        File.Delete(part);
        throw new ImageSourceException(
            $"{file.Address} has MD5 {found}, expected {file.Md5}: it was changed on the way or on the server. "
                + $"It was deleted; try again, or put the right file at {target} yourself."
        );
    }

    private void Receive(RemoteFile file, string part, Action<string>? report, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Task.Run(() => ReceiveAsync(file, part, report, cancellation), cancellation).GetAwaiter().GetResult();
                return;
            }
            catch (Exception error) when (IsTransient(error, cancellation))
            {
                if (attempt >= attempts)
                    throw Interrupted(file, part, error);
                report?.Invoke($"{file.Address}: {error.Message} Going on after {Size(part)} bytes.");
                cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(500 * (attempt - 1)));
            }
        }
    }

    private static bool IsTransient(Exception error, CancellationToken cancellation) =>
        error is HttpRequestException or HttpIOException
        || (error is OperationCanceledException && !cancellation.IsCancellationRequested);

    private static ImageSourceException Interrupted(RemoteFile file, string part, Exception error) =>
        new(
            $"{file.Address} could not be fetched: {error.Message} {Size(part)} bytes have arrived and are kept in {part}. "
                + "Check the network and run again to go on from there, or fetch the file yourself.",
            error
        );

    private async Task ReceiveAsync(
        RemoteFile file,
        string part,
        Action<string>? report,
        CancellationToken cancellation
    )
    {
        using var clock = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        clock.CancelAfter(Stall);
        await using var output = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        using var response = await Ask(file, output.Length, clock.Token);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && output.Length > 0)
            return; // nothing is left to send: the checksum decides
        if (!response.IsSuccessStatusCode)
            throw Refused(file, response);

        var offset =
            response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.From ?? 0 : 0;
        if (offset > output.Length)
            throw new HttpRequestException($"The server sent bytes from {offset}, but {output.Length} were asked for.");
        output.SetLength(offset);
        output.Position = offset;
        var total = offset + response.Content.Headers.ContentLength;
        CheckSize(file, total ?? 0);
        report?.Invoke($"Fetching {file.Address} ({(total is { } bytes ? $"{bytes / 1e6:f1} MB" : "size unknown")})");

        await using var input = await response.Content.ReadAsStreamAsync(clock.Token);
        var buffer = new byte[BufferBytes];
        int read;
        while ((read = await input.ReadAsync(buffer, clock.Token)) > 0)
        {
            CheckSize(file, output.Position + read);
            await output.WriteAsync(buffer.AsMemory(0, read), clock.Token);
            clock.CancelAfter(Stall);
        }
        if (total is { } expected && output.Position < expected)
            throw new HttpRequestException($"The connection ended after {output.Position} of {expected} bytes.");
    }

    private Task<HttpResponseMessage> Ask(RemoteFile file, long from, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, file.Address);
        if (from > 0)
            request.Headers.Range = new RangeHeaderValue(from, null);
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    /// <summary>A refusal by the server does not pass by itself, unless it says that it is busy.</summary>
    private static Exception Refused(RemoteFile file, HttpResponseMessage response)
    {
        var status = $"The server answered {(int)response.StatusCode} {response.ReasonPhrase}.";
        return (int)response.StatusCode is 408 or 429 or >= 500
            ? new HttpRequestException(status)
            : new ImageSourceException($"{file.Address} could not be fetched. {status} Fetch the file yourself.");
    }

    private static void CheckSize(RemoteFile file, long bytes)
    {
        if (bytes > file.MaxBytes)
            throw new ImageSourceException(
                $"{file.Address} is larger ({bytes} bytes) than this data set is ({file.MaxBytes} at most): not fetched."
            );
    }

    private static long Size(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static string Md5Of(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(MD5.HashData(stream));
    }
}
