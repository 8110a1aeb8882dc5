using System.Buffers.Binary;
using System.Text;

namespace SimCLR.Core.Images;

/// <summary>What a tar archive says of one entry.</summary>
/// <param name="Name">Its path inside the archive, with /.</param>
/// <param name="Type">The type flag: '0' is a file, '5' a folder, '1' and '2' links, '3' to '6' devices and pipes.</param>
/// <param name="Size">Bytes of its data.</param>
internal readonly record struct TarItem(string Name, char Type, long Size);

/// <summary>
/// Reads a tar archive forwards: the POSIX ustar and pax formats and GNU's long names. System.Formats.Tar takes as much memory
/// as a header asks for (the fuzz saw 2 GiB for a damaged one of 512 bytes); this takes at most <see cref="MaxNotes"/>, whatever the file says.
/// </summary>
/// <param name="stream">The unpacked archive.</param>
internal sealed class TarStream(Stream stream)
{
    /// <summary>Longest extended header or long name, in bytes.</summary>
    internal const int MaxNotes = 1 << 16;

    /// <summary>Most bytes after the end marker: archives are padded to a whole record of 10 KiB, seldom more.</summary>
    internal const int MaxPadding = 1 << 20;

    private const int Block = 512;
    private readonly byte[] header = new byte[Block];
    private readonly byte[] buffer = new byte[1 << 16];
    private long left;
    private long padding;

    /// <summary>The next entry, notes about entries read and applied; null at the end marker.</summary>
    /// <exception cref="InvalidDataException">A header is not as the format says.</exception>
    /// <exception cref="EndOfStreamException">The archive ends before its end marker.</exception>
    internal TarItem? Next()
    {
        var (name, size) = ((string?)null, (long?)null);
        while (true)
        {
            Skip(left + padding);
            (left, padding) = (0, 0);
            stream.ReadExactly(header);
            if (!header.AsSpan().ContainsAnyExcept((byte)0))
            {
                ReadToEnd();
                return null;
            }
            CheckSum();
            var item = new TarItem(name ?? HeaderName(), (char)header[156], size ?? Number(124, 12));
            if (item.Type is not ('x' or 'g' or 'L' or 'K'))
            {
                Begin(item.Size);
                return item.Type == '\0' ? item with { Type = '0' } : item;
            }
            var notes = Notes(Number(124, 12));
            if (item.Type == 'L')
                name = Text(notes);
            else if (item.Type == 'x')
                (name, size) = Extended(notes, name, size);
        }
    }

    /// <summary>Writes the data of the entry read last.</summary>
    /// <exception cref="EndOfStreamException">The archive ends within them.</exception>
    internal void CopyTo(Stream output)
    {
        while (left > 0)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
            stream.ReadExactly(part);
            output.Write(part);
            left -= part.Length;
        }
    }

    private void Begin(long size) => (left, padding) = (size, (Block - size % Block) % Block);

    private void Skip(long bytes)
    {
        while (bytes > 0)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(bytes, buffer.Length));
            stream.ReadExactly(part);
            bytes -= part.Length;
        }
    }

    /// <summary>What lies behind the end marker is read too, so that the compression's checksum is compared.</summary>
    private void ReadToEnd()
    {
        var (rest, read) = (0, 0);
        while ((read = stream.Read(buffer)) > 0)
            if ((rest += read) > MaxPadding)
                throw new InvalidDataException($"more than {MaxPadding} bytes follow its end marker.");
    }

    private byte[] Notes(long size)
    {
        if (size > MaxNotes)
            throw new InvalidDataException($"a header has {size} bytes of notes, more than {MaxNotes}.");
        var notes = new byte[size];
        stream.ReadExactly(notes);
        Skip((Block - size % Block) % Block);
        return notes;
    }

    private void CheckSum()
    {
        // The sum of all bytes, those of the sum itself taken as spaces; the first tars took bytes as signed.
        var (plain, signed) = (0, 0);
        for (var i = 0; i < Block; i++)
        {
            var value = i is >= 148 and < 156 ? (byte)' ' : header[i];
            plain += value;
            signed += (sbyte)value;
        }
        var stated = Number(148, 8);
        if (stated != plain && stated != signed)
            throw new InvalidDataException($"a header's checksum is {plain}, it states {stated}.");
    }

    private string HeaderName()
    {
        var name = Text(header.AsSpan(0, 100));
        var isPosix = header.AsSpan(257, 6).SequenceEqual("ustar\0"u8);
        var prefix = isPosix ? Text(header.AsSpan(345, 155)) : "";
        return prefix.Length > 0 ? $"{prefix}/{name}" : name;
    }

    /// <summary>Octal digits, or, with the first bit set, a binary number (GNU).</summary>
    private long Number(int at, int length)
    {
        var field = header.AsSpan(at, length);
        if ((field[0] & 0x80) != 0)
        {
            var number = length == 12 ? BinaryPrimitives.ReadInt64BigEndian(field[4..]) : -1;
            return number >= 0 && field[..4].SequenceEqual((ReadOnlySpan<byte>)[0x80, 0, 0, 0])
                ? number
                : throw new InvalidDataException("a header has a number that cannot be.");
        }
        var digits = Text(field).Trim();
        if (digits.Length == 0)
            return 0;
        return digits.All(digit => digit is >= '0' and <= '7')
            ? Convert.ToInt64(digits, 8)
            : throw new InvalidDataException("a header has a number that is not octal.");
    }

    /// <summary>pax: records of "length key=value\n".</summary>
    private static (string? Name, long? Size) Extended(ReadOnlySpan<byte> notes, string? name, long? size)
    {
        while (notes.Length > 0)
        {
            var space = notes.IndexOf((byte)' ');
            var record =
                space > 0
                && int.TryParse(Encoding.ASCII.GetString(notes[..space]), out var length)
                && length > space + 1
                && length <= notes.Length
                    ? Encoding.UTF8.GetString(notes[(space + 1)..length])
                    : throw new InvalidDataException("an extended header is not as the format says.");
            notes = notes[length..];
            var equals = record.IndexOf('=');
            if (equals < 0 || !record.EndsWith('\n'))
                throw new InvalidDataException("an extended header has a record without '=' or end of line.");
            var (key, value) = (record[..equals], record[(equals + 1)..^1]);
            if (key == "path")
                name = value;
            else if (key == "size")
                size =
                    long.TryParse(value, out var bytes) && bytes >= 0
                        ? bytes
                        : throw new InvalidDataException($"an extended header states the size '{value}'.");
            else if (key.StartsWith("GNU.sparse", StringComparison.Ordinal))
                throw new InvalidDataException("it holds a sparse file, which is not supported.");
        }
        return (name, size);
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }
}
