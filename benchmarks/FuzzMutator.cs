using System.Buffers.Binary;
using System.Text;

namespace SimCLR.Benchmarks;

/// <summary>Damages a valid file in the ways in which files are damaged, and in those an attacker would choose.</summary>
internal static class FuzzMutator
{
    private const int MaxGrowth = 1 << 16;

    /// <summary>Numbers at the edges of what length fields hold.</summary>
    private static readonly long[] Edges =
    [
        0,
        1,
        2,
        -1,
        127,
        255,
        256,
        0x7fff,
        0xffff,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x1_0000_0000,
        long.MaxValue,
        long.MinValue,
    ];

    private static readonly string[] Tokens =
    [
        "0",
        "-1",
        "1e999",
        "1e-999",
        "-0",
        "2147483648",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999999",
        "NaN",
        "null",
        "true",
        "\"\"",
        "\"\\ud800\"",
        "[]",
        "{}",
        "[0,9223372036854775807]",
        "4.5",
        new('[', 5_000),
    ];

    /// <summary>One to four mutations of a seed, a function of the random numbers alone.</summary>
    internal static byte[] Mutate(IReadOnlyList<byte[]> seeds, Random random)
    {
        var bytes = seeds[random.Next(seeds.Count)];
        for (var left = random.Next(1, 5); left > 0; left--)
            bytes = Once(bytes, seeds, random);
        return bytes;
    }

    private static byte[] Once(byte[] bytes, IReadOnlyList<byte[]> seeds, Random random) =>
        random.Next(13) switch
        {
            0 or 1 => FlipBits(bytes, random),
            2 => bytes[..random.Next(bytes.Length + 1)],
            3 => [.. bytes, .. Filled(random.Next(random.Next(16) == 0 ? MaxGrowth : 600), random)],
            4 => Splice(bytes, seeds[random.Next(seeds.Count)], random),
            5 or 6 => WriteNumber(bytes, random),
            7 or 8 => ReplaceToken(bytes, random),
            9 => Overwrite(bytes, random),
            10 => RepeatChunk(bytes, random),
            11 => DeleteChunk(bytes, random),
            _ => SwapChunks(bytes, random),
        };

    private static byte[] FlipBits(byte[] bytes, Random random)
    {
        if (bytes.Length == 0)
            return bytes;
        byte[] result = [.. bytes];
        for (var left = random.Next(1, 9); left > 0; left--)
            result[At(result, random)] ^= (byte)(1 << random.Next(8));
        return result;
    }

    /// <summary>A place: half of them near the beginning, where headers are.</summary>
    private static int At(byte[] bytes, Random random) =>
        random.Next(random.Next(2) == 0 ? Math.Min(bytes.Length, 64) : bytes.Length);

    private static byte[] Filled(int count, Random random)
    {
        var result = new byte[count];
        if (random.Next(2) == 0)
            random.NextBytes(result);
        return result;
    }

    private static byte[] Splice(byte[] first, byte[] second, Random random) =>
        [.. first[..random.Next(first.Length + 1)], .. second[random.Next(second.Length + 1)..]];

    private static byte[] WriteNumber(byte[] bytes, Random random)
    {
        Span<byte> number = stackalloc byte[8];
        var value = Edges[random.Next(Edges.Length)] + random.Next(-1, 2);
        var width = 1 << random.Next(4);
        if (bytes.Length < width)
            return bytes;
        if (random.Next(2) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
        else
            BinaryPrimitives.WriteInt64BigEndian(number, value << (64 - 8 * width));
        byte[] result = [.. bytes];
        var at = Math.Min(At(bytes, random), bytes.Length - width);
        number[..width].CopyTo(result.AsSpan(at));
        return result;
    }

    /// <summary>Puts another number, or something else, where a text has digits.</summary>
    private static byte[] ReplaceToken(byte[] bytes, Random random)
    {
        var digits = Enumerable.Range(0, Math.Min(bytes.Length, 1 << 14)).Where(i => IsDigit(bytes, i)).ToList();
        if (digits.Count == 0)
            return FlipBits(bytes, random);
        var start = digits[random.Next(digits.Count)];
        var end = start;
        while (start > 0 && IsDigit(bytes, start - 1))
            start--;
        while (end < bytes.Length && IsDigit(bytes, end))
            end++;
        // In half of the cases of the same length, as fields of fixed width need it.
        var token =
            random.Next(2) == 0
                ? Tokens[random.Next(Tokens.Length)]
                : string.Concat(Enumerable.Range(0, end - start).Select(_ => (char)('0' + random.Next(8))));
        return [.. bytes[..start], .. Encoding.ASCII.GetBytes(token), .. bytes[end..]];
    }

    private static bool IsDigit(byte[] bytes, int i) => bytes[i] is >= (byte)'0' and <= (byte)'9';

    private static (int Start, int Length) Chunk(byte[] bytes, Random random)
    {
        var start = bytes.Length == 0 ? 0 : At(bytes, random);
        return (start, random.Next(Math.Min(bytes.Length - start, 600) + 1));
    }

    private static byte[] Overwrite(byte[] bytes, Random random)
    {
        var (start, length) = Chunk(bytes, random);
        return [.. bytes[..start], .. Filled(length, random), .. bytes[(start + length)..]];
    }

    private static byte[] RepeatChunk(byte[] bytes, Random random)
    {
        var (start, length) = Chunk(bytes, random);
        var times = Math.Min(random.Next(2, 65), MaxGrowth / Math.Max(1, length));
        var chunk = bytes[start..(start + length)];
        return [.. bytes[..start], .. Enumerable.Repeat(chunk, times).SelectMany(part => part), .. bytes[start..]];
    }

    private static byte[] DeleteChunk(byte[] bytes, Random random)
    {
        var (start, length) = Chunk(bytes, random);
        return [.. bytes[..start], .. bytes[(start + length)..]];
    }

    private static byte[] SwapChunks(byte[] bytes, Random random)
    {
        var (first, length) = Chunk(bytes, random);
        var second = first + length;
        var count = random.Next(Math.Min(bytes.Length - second, 600) + 1);
        return
        [
            .. bytes[..first],
            .. bytes[second..(second + count)],
            .. bytes[first..second],
            .. bytes[(second + count)..],
        ];
    }
}
