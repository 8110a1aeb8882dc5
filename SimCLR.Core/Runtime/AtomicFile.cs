using System.Runtime.InteropServices;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Files that are there whole or not at all, whatever happens to the process or the power: written under a temporary name, flushed
/// to the disk, renamed, and the folder flushed too.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>The end of temporary names; such a file is what an interrupted writer left.</summary>
    public const string TemporaryEnding = ".tmp";

    /// <summary>Deletes what killed writers left in a folder; for whoever alone writes there. What cannot be deleted takes room and does no other harm.</summary>
    /// <param name="folder">Need not be there.</param>
    public static void ForgetUnfinished(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var file in Directory.GetFiles(folder, "*" + TemporaryEnding))
            try
            {
                File.Delete(file);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException) { }
    }

    /// <summary>Writes the file at that path, replacing one that is there.</summary>
    /// <param name="path">The file; its folder is made if it is not there.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written; nothing is left behind.</exception>
    public static void Write(string path, Action<Stream> write) =>
        Write(
            Path.GetDirectoryName(Path.GetFullPath(path))!,
            stream =>
            {
                write(stream);
                return Path.GetFileName(path);
            }
        );

    /// <summary>Writes a text, in UTF-8, to the file at that path, replacing one that is there.</summary>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written; nothing is left behind.</exception>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes a file whose name is known once its content is.</summary>
    /// <param name="folder">Made if it is not there.</param>
    /// <param name="write">Writes the content and gives the file's name.</param>
    /// <returns>The file's path.</returns>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written; nothing is left behind.</exception>
    public static string Write(string folder, Func<Stream, string> write)
    {
        Directory.CreateDirectory(folder);
        // Every writer has a temporary file of its own, so that two may write the same file.
        var temporary = Path.Combine(folder, $"{Guid.NewGuid():N}{TemporaryEnding}");
        try
        {
            string name;
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite))
            {
                name = write(stream);
                stream.Flush(flushToDisk: true);
            }
            var path = Path.Combine(folder, name);
            File.Move(temporary, path, overwrite: true);
            FlushFolder(folder);
            return path;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Makes the rename itself durable; .NET has no call for it, and Windows needs none.</summary>
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Open(folder, 0);
        if (descriptor < 0)
            return;
        _ = FlushDescriptor(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FlushDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
