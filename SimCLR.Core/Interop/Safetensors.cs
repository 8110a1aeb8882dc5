using System.Buffers.Binary;
using System.Text.Json;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Interop;

/// <summary>
/// Reads and writes the safetensors format: 8 bytes of header length, a JSON header of names, types, shapes and offsets,
/// then the tensors' bytes, little-endian, in C order. Nothing in a file can run code. Every length and offset is checked
/// before memory is taken.
/// </summary>
public static class Safetensors
{
    /// <summary>Longest header that is read, in bytes; the format's reference implementation has the same bound.</summary>
    public const long MaxHeader = 100_000_000;

    private const string MetadataKey = "__metadata__";

    private static readonly (string Name, ScalarType Type, int Size)[] Types =
    [
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>Writes tensors and notes to a stream.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="tensors">By name; of any device and layout.</param>
    /// <param name="metadata">Notes, text by text; may be null.</param>
    /// <exception cref="ArgumentException">A tensor has a type that the format does not have.</exception>
    public static void Write(
        Stream stream,
        IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        // The format asks for alignment: wide types first, as its reference implementation writes them.
        var entries = tensors
            .Select(entry => (entry.Key, Tensor: entry.Value, Type: TypeOf(entry.Key, entry.Value.dtype)))
            .OrderByDescending(entry => entry.Type.Size)
            .ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .ToList();
        var header = Header(entries.Select(entry => (entry.Key, entry.Tensor.shape, entry.Type)), metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (_, tensor, _) in entries)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var whole = tensor.detach().cpu().contiguous();
            for (var start = 0L; start < Bytes(whole); start += MostAtOnce)
                stream.Write(Piece(whole, start));
        }
    }

    /// <summary>The names of all tensors, in the header's order.</summary>
    /// <param name="stream">A seekable stream, for its length.</param>
    /// <param name="name">What errors call it, such as a path.</param>
    /// <exception cref="InvalidDataException">The file is not valid safetensors; the message names it and says why.</exception>
    public static IReadOnlyList<string> Names(Stream stream, string name) =>
        [.. ReadHeader(stream, name).Entries.Select(entry => entry.Name)];

    /// <summary>Reads tensors, onto the CPU. The caller disposes them.</summary>
    /// <param name="stream">A seekable stream, for its length.</param>
    /// <param name="name">What errors call it, such as a path.</param>
    /// <param name="wanted">Says by name which are read; all, unless given. The others may be of types and sizes that this reader does not take.</param>
    /// <exception cref="InvalidDataException">The file is not valid safetensors, or a tensor is of a type that is not read; the message
    /// names it and says why.</exception>
    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Read(
        Stream stream,
        string name,
        Predicate<string>? wanted = null
    )
    {
        using var scope = NewDisposeScope();
        var (entries, metadata, start) = ReadHeader(stream, name);
        var tensors = new Dictionary<string, Tensor>();
        foreach (var entry in entries.Where(entry => wanted?.Invoke(entry.Name) ?? true))
        {
            var tensor = empty(entry.Shape, TypeToRead(name, entry), CPU);
            stream.Position = start + entry.Begin;
            for (var at = 0L; at < Bytes(tensor); at += MostAtOnce)
                stream.ReadExactly(Piece(tensor, at));
            tensors[entry.Name] = tensor;
        }
        foreach (var tensor in tensors.Values)
            tensor.DetachFromDisposeScope();
        return (tensors, metadata);
    }

    /// <summary>Bytes that are written or read at once; a span holds 2 GiB at most.</summary>
    internal static long MostAtOnce { get; set; } = 1L << 30;

    private static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();

    /// <summary>A part of a contiguous tensor's memory.</summary>
    private static unsafe Span<byte> Piece(Tensor tensor, long start) =>
        new((byte*)MemoryLayout.Address(tensor) + start, (int)Math.Min(MostAtOnce, Bytes(tensor) - start));

    private sealed record Entry(string Name, string? Type, long[] Shape, long Begin, long End);

    /// <summary>The type that a tensor is read as, if it can be read and has the bytes that it needs.</summary>
    private static ScalarType TypeToRead(string file, Entry entry)
    {
        var type = Array.Find(Types, type => type.Name == entry.Type);
        if (type.Name is null)
            throw new InvalidDataException(
                $"{file}: tensor '{entry.Name}' is of type {entry.Type}, which is not read; "
                    + $"convert it to one of {string.Join(", ", Types.Select(type => type.Name))}."
            );
        var bytes = (Int128)type.Size;
        foreach (var size in entry.Shape)
            bytes = size == 0 || bytes < long.MaxValue / size ? bytes * size : long.MaxValue;
        if (bytes != entry.End - entry.Begin)
            throw Invalid(
                file,
                $"tensor '{entry.Name}' of {entry.Type} [{string.Join(", ", entry.Shape)}] needs {bytes} bytes, its offsets span {entry.End - entry.Begin}"
            );
        return type.Type;
    }

    private static byte[] Header(
        IEnumerable<(string Name, long[] Shape, (string Name, ScalarType, int Size) Type)> entries,
        IReadOnlyDictionary<string, string>? metadata
    )
    {
        var offset = 0L;
        var header = new Dictionary<string, object>();
        if (metadata is { Count: > 0 })
            header[MetadataKey] = metadata;
        foreach (var (name, shape, type) in entries)
        {
            var end = offset + shape.Aggregate((long)type.Size, (product, size) => product * size);
            header[name] = new
            {
                dtype = type.Name,
                shape,
                data_offsets = new[] { offset, end },
            };
            offset = end;
        }
        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        // Spaces up to a multiple of 8, so that the data are aligned.
        var padded = new byte[(json.Length + 7) / 8 * 8];
        padded.AsSpan().Fill((byte)' ');
        json.CopyTo(padded, 0);
        return padded;
    }

    private static (List<Entry> Entries, Dictionary<string, string> Metadata, long Start) ReadHeader(
        Stream stream,
        string name
    )
    {
        if (stream.Length < 8)
            throw Invalid(name, $"it has {stream.Length} bytes, fewer than the 8 of a header length");
        Span<byte> lengthBytes = stackalloc byte[8];
        stream.Position = 0;
        stream.ReadExactly(lengthBytes);
        if (IsPickle(lengthBytes))
            throw new InvalidDataException(HowToConvert(name));
        var length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length > MaxHeader || (long)length > stream.Length - 8)
            throw Invalid(name, $"its header is said to have {length} bytes; the file has {stream.Length}");
        var json = new byte[(int)length];
        stream.ReadExactly(json);

        var start = 8 + (long)length;
        var entries = new List<Entry>();
        var metadata = new Dictionary<string, string>();
        try
        {
            using var document = JsonDocument.Parse(json);
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == MetadataKey)
                    foreach (var note in property.Value.EnumerateObject())
                        metadata[note.Name] = note.Value.GetString() ?? "";
                else
                    entries.Add(ParseEntry(name, property));
            }
        }
        catch (Exception error)
            when (error is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Invalid(name, $"its header is not as the format says ({error.Message})");
        }
        CheckCover(name, entries, stream.Length - start);
        return (entries, metadata, start);
    }

    private static Entry ParseEntry(string file, JsonProperty property)
    {
        var dtype = property.Value.GetProperty("dtype").GetString();
        long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        var offsets = property.Value.GetProperty("data_offsets").EnumerateArray().Select(at => at.GetInt64()).ToList();
        if (offsets.Count != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || shape.Any(size => size < 0))
            throw Invalid(file, $"tensor '{property.Name}' has offsets or sizes that cannot be");
        return new Entry(property.Name, dtype, shape, offsets[0], offsets[1]);
    }

    /// <summary>The format forbids holes, overlaps and duplicate names.</summary>
    private static void CheckCover(string file, List<Entry> entries, long bytes)
    {
        var end = 0L;
        foreach (var entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != end)
                throw Invalid(
                    file,
                    $"tensor '{entry.Name}' begins at {entry.Begin}, not where the one before ends, {end}"
                );
            end = entry.End;
        }
        if (end != bytes)
            throw Invalid(
                file,
                $"its tensors end at {end}, its data at {bytes}: it is cut off or has something behind"
            );
        if (entries.DistinctBy(entry => entry.Name).Count() != entries.Count)
            throw Invalid(file, "a tensor's name occurs twice");
    }

    private static (string Name, ScalarType Type, int Size) TypeOf(string name, ScalarType type)
    {
        var found = Array.Find(Types, candidate => candidate.Type == type);
        return found.Name is not null
            ? found
            : throw new ArgumentException($"Tensor '{name}' is of {type}, which safetensors does not have.");
    }

    /// <summary>What torch.save writes: a zip archive, or before PyTorch 1.6 a bare pickle of protocol 2.</summary>
    private static bool IsPickle(ReadOnlySpan<byte> start) =>
        start.StartsWith("PK\u0003\u0004"u8) || start[..2] is [0x80, 2];

    private static string HowToConvert(string name) =>
        $"""
            {name} is not safetensors but what torch.save writes: a pickle, which can run code and is never read here. Convert it once, where PyTorch is:
              import torch; from safetensors.torch import save_file
              state = torch.load("{name}", map_location="cpu", weights_only=True); state = state.get("state_dict", state)
              save_file({"{"}k: v.contiguous() for k, v in state.items(){"}"}, "{Path.ChangeExtension(
                name,
                ".safetensors"
            )}")
            """;

    private static InvalidDataException Invalid(string name, string why) =>
        new($"{name} is not a valid safetensors file: {why}.");
}
