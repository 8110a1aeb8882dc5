using System.Formats.Tar;
using System.IO.Compression;

namespace SimCLR.Core.Images;

/// <summary>
/// Extracts .tar.gz archives whose checksum was compared, and takes nothing in them on trust all the same: no paths, no links, no sizes.
/// </summary>
internal static class Archive
{
    /// <summary>More entries than this are refused.</summary>
    internal const int MaxEntries = 10_000;

    /// <summary>Most bytes after the end marker: archives are padded to a whole record of 10 KiB, seldom more.</summary>
    internal const int MaxPadding = 1 << 20;

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
        catch (Exception error)
            when (error
                    is InvalidDataException
                        or EndOfStreamException
                        or FormatException
                        or InvalidOperationException
                        or OverflowException
            )
        {
            throw new ImageSourceException(
                $"{archive} is damaged: {error.Message} Delete it and fetch it again.",
                error
            );
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
        using var reader = new TarReader(unzipped, leaveOpen: true);
        var (entries, bytes) = (0, 0L);
        while (reader.GetNextEntry() is { } entry)
        {
            cancellation.ThrowIfCancellationRequested();
            if (entry.EntryType == TarEntryType.GlobalExtendedAttributes)
                continue;
            if (++entries > MaxEntries)
                throw Refused(archive, $"holds more than {MaxEntries} entries");
            var path = SafePath(archive, top, folder, entry.Name);
            if (entry.EntryType == TarEntryType.Directory)
                Directory.CreateDirectory(path);
            else if (!IsFile(entry.EntryType))
                throw Refused(archive, $"holds '{entry.Name}', a {Kind(entry.EntryType)}, not a file or folder");
            else if (entry.Length > maxBytes - bytes)
                throw Refused(archive, $"unpacks to more than {maxBytes} bytes");
            else
            {
                bytes += entry.Length;
                Write(entry, path);
            }
        }
        ReadToEnd(unzipped);
    }

    private static bool IsFile(TarEntryType type) =>
        type is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile;

    private static string Kind(TarEntryType type) =>
        type switch
        {
            TarEntryType.HardLink => "hard link",
            TarEntryType.SymbolicLink => "symbolic link",
            TarEntryType.CharacterDevice => "character device",
            TarEntryType.BlockDevice => "block device",
            TarEntryType.Fifo => "pipe",
            _ => $"thing of type '{type}'",
        };

    /// <summary>What lies behind the end marker is read too, so that gzip's own checksum is compared.</summary>
    private static void ReadToEnd(Stream unzipped)
    {
        var (buffer, rest, read) = (new byte[1 << 16], 0, 0);
        while ((read = unzipped.Read(buffer)) > 0)
            if ((rest += read) > MaxPadding)
                throw new InvalidDataException($"more than {MaxPadding} bytes follow its end marker.");
    }

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

    private static void Write(TarEntry entry, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var output = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        entry.DataStream?.CopyTo(output);
    }

    private static ImageSourceException Refused(string archive, string why) =>
        new(
            $"{archive} {why}: this is not the archive expected, and nothing was extracted. Delete it and fetch it again."
        );
}
