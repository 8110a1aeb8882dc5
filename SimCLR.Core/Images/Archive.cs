using System.IO.Compression;

namespace SimCLR.Core.Images;

/// <summary>Extracts .tar.gz archives that may have been tampered with.</summary>
internal static class Archive
{
    /// <summary>More entries than this are refused.</summary>
    internal const int MaxEntries = 10_000;

    /// <summary>
    /// Extracts one top folder of the archive into a folder. It appears there only when it is complete; what was of
    /// the same name is kept, and then nothing is done.
    /// </summary>
    /// <param name="archive">The .tar.gz file.</param>
    /// <param name="top">The one folder that the archive holds.</param>
    /// <param name="into">Where it goes.</param>
    /// <param name="maxBytes">More than this, unpacked, is refused.</param>
    /// <param name="cancellation">Stops; nothing is left behind.</param>
    /// <exception cref="ImageSourceException">
    /// The archive is damaged, too large, or has an entry that is a link, a device, or lies outside the top folder.
    /// </exception>
    internal static void Extract(
        string archive,
        string top,
        string into,
        long maxBytes,
        CancellationToken cancellation = default
    )
    {
        var target = Path.Combine(into, top);
        if (Directory.Exists(target))
            return;
        var temporary = Path.Combine(into, $".extract-{Environment.ProcessId}-{Guid.NewGuid():n}");
        try
        {
            Directory.CreateDirectory(Path.Combine(temporary, top));
            ExtractAll(archive, top, temporary, maxBytes, cancellation);
            if (!Directory.Exists(target))
                Directory.Move(Path.Combine(temporary, top), target);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new ImageSourceException(
                $"{archive} is damaged: {error.Message} Delete it and fetch it again.",
                error
            );
        }
        catch (IOException) when (Directory.Exists(target))
        {
            // Another process has extracted it meanwhile.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageSourceException(
                $"{archive} could not be extracted into {into}: {error.Message} Check the folder's free space and rights.",
                error
            );
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }

    private static void ExtractAll(
        string archive,
        string top,
        string folder,
        long maxBytes,
        CancellationToken cancellation
    )
    {
        using var file = File.OpenRead(archive);
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        var reader = new TarStream(unzipped);
        var (entries, bytes) = (0, 0L);
        while (reader.Next() is { } entry)
        {
            cancellation.ThrowIfCancellationRequested();
            if (++entries > MaxEntries)
                throw Refused(archive, $"holds more than {MaxEntries} entries");
            var path = SafePath(archive, top, folder, entry.Name);
            if (entry.Type == '5')
                Directory.CreateDirectory(path);
            else if (entry.Type is not ('0' or '7'))
                throw Refused(archive, $"holds '{entry.Name}', a {Kind(entry.Type)}, not a file or folder");
            else if (entry.Size > maxBytes - bytes)
                throw Refused(archive, $"unpacks to more than {maxBytes} bytes");
            else
            {
                bytes += entry.Size;
                Write(reader, path);
            }
        }
    }

    private static string Kind(char type) =>
        type switch
        {
            '1' => "hard link",
            '2' => "symbolic link",
            '3' => "character device",
            '4' => "block device",
            '6' => "pipe",
            _ => $"thing of type '{type}'",
        };

    private static string SafePath(string archive, string top, string folder, string name)
    {
        var parts = name.TrimEnd('/').Split('/').Where(part => part != ".").ToArray();
        var safe =
            parts.Length > 0
            && parts[0] == top
            && parts.All(part => part.Length > 0 && part != ".." && part.IndexOfAny(['\\', ':', '\0']) < 0);
        return safe
            ? Path.Combine([folder, .. parts])
            : throw Refused(archive, $"holds '{name}', which is not inside '{top}/'");
    }

    private static void Write(TarStream reader, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var output = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        reader.CopyTo(output);
    }

    private static ImageSourceException Refused(string archive, string why) =>
        new(
            $"{archive} {why}: this is not the archive expected, and nothing was extracted. Delete it and fetch it again."
        );
}
