using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SimCLR.Core.Runtime;

/// <summary>What a 64-bit ELF shared library takes from others and gives to them (System V gABI: file header, sections, symbols, relocations).</summary>
/// <param name="Machine">e_machine: 62 for x86-64, 183 for 64-bit Arm.</param>
/// <param name="Defined">Names of the dynamic symbols that it has.</param>
/// <param name="Wanted">Names that it takes from others without a version: those of libtorch, as the C and C++ libraries' have versions.
/// True: needed when the library is loaded (data); false: looked up at the first call.</param>
internal sealed record ElfLibrary(
    ushort Machine,
    IReadOnlySet<string> Defined,
    IReadOnlyDictionary<string, bool> Wanted
)
{
    private const uint RelocationSection = 4;
    private const uint EmptySection = 8;
    private const uint DynamicSymbolSection = 11;
    private const uint VersionSection = 0x6fffffff;
    private const int JumpSlotX64 = 7;
    private const int JumpSlotArm64 = 1026;

    private readonly record struct Part(uint Type, long Offset, long Size, uint Link);

    /// <summary>The e_machine of this process.</summary>
    internal static ushort Here =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (ushort)183 : (ushort)62;

    /// <summary>Reads header and symbols.</summary>
    /// <exception cref="InvalidDataException">The file is no 64-bit little-endian ELF library, or is cut off.</exception>
    internal static ElfLibrary Read(string path)
    {
        using var file = File.OpenHandle(path);
        var header = Header(file, path);
        var machine = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(18));
        var parts = Parts(file, header);
        var table = parts.FirstOrDefault(part => part.Type == DynamicSymbolSection);
        if (table.Size == 0 || table.Link >= parts.Count)
            throw new InvalidDataException($"{path} has no table of dynamic symbols.");
        var symbols = Bytes(file, table.Offset, table.Size);
        var names = Bytes(file, parts[(int)table.Link].Offset, parts[(int)table.Link].Size);
        var versions = Content(file, parts, VersionSection);
        return Sort(machine, symbols, names, versions, Immediate(file, parts));
    }

    /// <summary>Looks, without reading them, whether all sections and the table of them are in the file, of which they reach to the end.</summary>
    /// <exception cref="InvalidDataException">The file is no 64-bit little-endian ELF library, or is cut off.</exception>
    internal static void RequireWhole(string path)
    {
        using var file = File.OpenHandle(path);
        var parts = Parts(file, Header(file, path)).Where(part => part.Type is not (0 or EmptySection)).ToList();
        // Zeros where the table should be are an end that was never written.
        if (parts.Count == 0)
            throw CutOff;
        foreach (var part in parts)
            RequireInside(file, part.Offset, part.Size);
    }

    /// <summary>Of the names that a library wants, those that none of the others defines, with what they are needed for.</summary>
    internal static Dictionary<string, bool> Missing(ElfLibrary library, IEnumerable<ElfLibrary> others)
    {
        var missing = new Dictionary<string, bool>(library.Wanted);
        foreach (var other in others)
        foreach (var name in missing.Keys.Where(other.Defined.Contains).ToList())
            missing.Remove(name);
        return missing;
    }

    private static byte[] Header(SafeFileHandle file, string path)
    {
        var header = Bytes(file, 0, 64);
        return header.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8)
            ? header
            : throw new InvalidDataException($"{path} is no 64-bit ELF library.");
    }

    private static List<Part> Parts(SafeFileHandle file, byte[] header)
    {
        var offset = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(40));
        var size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(58));
        var count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(60));
        if (size < 64)
            throw new InvalidDataException("An ELF library without a section table.");
        var table = Bytes(file, offset, (long)size * count);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => table.AsMemory(i * size, size))
                .Select(entry => new Part(
                    BinaryPrimitives.ReadUInt32LittleEndian(entry.Span[4..]),
                    BinaryPrimitives.ReadInt64LittleEndian(entry.Span[24..]),
                    BinaryPrimitives.ReadInt64LittleEndian(entry.Span[32..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(entry.Span[40..])
                )),
        ];
    }

    /// <summary>Indices of the symbols that relocations other than calls refer to.</summary>
    private static HashSet<int> Immediate(SafeFileHandle file, List<Part> parts)
    {
        var found = new HashSet<int>();
        foreach (var part in parts.Where(part => part.Type == RelocationSection))
        {
            var entries = Bytes(file, part.Offset, part.Size);
            for (var at = 0; at + 24 <= entries.Length; at += 24)
            {
                var info = BinaryPrimitives.ReadUInt64LittleEndian(entries.AsSpan(at + 8));
                if ((uint)info is not (JumpSlotX64 or JumpSlotArm64))
                    found.Add((int)(info >> 32));
            }
        }
        return found;
    }

    /// <summary>Elf64_Sym is { u32 name; u8 info; u8 other; u16 section; u64 value; u64 size }; the binding is info's upper half, the type its lower.</summary>
    private static ElfLibrary Sort(
        ushort machine,
        byte[] symbols,
        byte[] names,
        byte[] versions,
        HashSet<int> immediate
    )
    {
        const int unversioned = 1;
        const int weak = 2;
        const int section = 3;
        var defined = new HashSet<string>();
        var wanted = new Dictionary<string, bool>();
        for (var i = 1; (i + 1) * 24 <= symbols.Length; i++)
        {
            var symbol = symbols.AsSpan(i * 24, 24);
            if ((symbol[4] & 15) == section)
                continue;
            var version =
                versions.Length >= 2 * i + 2
                    ? BinaryPrimitives.ReadUInt16LittleEndian(versions.AsSpan(2 * i))
                    : unversioned;
            if (BinaryPrimitives.ReadUInt16LittleEndian(symbol[6..]) != 0)
                defined.Add(Name(symbol));
            else if (version <= unversioned && symbol[4] >> 4 != weak)
                wanted[Name(symbol)] = immediate.Contains(i);
        }
        return new ElfLibrary(machine, defined, wanted);

        string Name(ReadOnlySpan<byte> symbol)
        {
            var text = names.AsSpan((int)BinaryPrimitives.ReadUInt32LittleEndian(symbol));
            return Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);
        }
    }

    private static byte[] Content(SafeFileHandle file, List<Part> parts, uint type)
    {
        var part = parts.FirstOrDefault(part => part.Type == type);
        return part.Size == 0 ? [] : Bytes(file, part.Offset, part.Size);
    }

    private static byte[] Bytes(SafeFileHandle file, long offset, long count)
    {
        RequireInside(file, offset, count);
        var bytes = new byte[count];
        for (var read = 0; read < count; )
            read += RandomAccess.Read(file, bytes.AsSpan(read), offset + read) is > 0 and var more
                ? more
                : throw CutOff;
        return bytes;
    }

    private static void RequireInside(SafeFileHandle file, long offset, long count)
    {
        if (offset < 0 || count < 0 || offset > RandomAccess.GetLength(file) - count)
            throw CutOff;
    }

    private static InvalidDataException CutOff => new("The ELF library is cut off.");
}
