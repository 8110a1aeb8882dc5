using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SimCLR.Core.Runtime;

/// <summary>
/// SHA-256 of files of weights, which every start of a sweep asks for: kept in the user's cache with the file's size and time, so that a file of
/// gigabytes is read once. One that was written less than two seconds before is not kept, since it may be written again at what is the same time to the
/// file system.
/// </summary>
public static class FileDigest
{
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    /// <summary>The digest of the content, in 64 hexadecimal digits of lower case.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static string Sha256(string path) => Sha256(path, () => UserCache.Folder("digests"));

    internal static string Sha256(string path, Func<string> folder)
    {
        var before = StateOf(path);
        var note = NoteOf(path, folder);
        if (note is not null && Known(note, before) is { } known)
            return known;
        string digest;
        using (var stream = File.OpenRead(path))
            digest = Convert.ToHexStringLower(SHA256.HashData(stream));
        if (note is not null && StateOf(path) == before && DateTime.UtcNow - before.Written > Settled)
            Keep(note, before, digest);
        return digest;
    }

    private static FileState StateOf(string path) =>
        FileState.Of(path) ?? throw new FileNotFoundException($"There is no file {path}.", path);

    /// <summary>Where the digest of a file is noted; null: there is no cache on this machine, which is no reason to fail.</summary>
    private static string? NoteOf(string path, Func<string> folder)
    {
        try
        {
            var name = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(path)));
            return Path.Combine(folder(), Convert.ToHexStringLower(name)[..32]);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string? Known(string note, FileState state)
    {
        try
        {
            return
                File.Exists(note)
                && File.ReadAllText(note).Split('\n') is [var of, { Length: 64 } digest, ""]
                && of == state.ToString()
                && digest.All(char.IsAsciiHexDigitLower)
                ? digest
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Keep(string note, FileState state, string digest)
    {
        try
        {
            AtomicFile.WriteText(note, $"{state}\n{digest}\n");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is then computed again.
        }
    }
}
