using System.Buffers.Binary;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Training;

namespace SimCLR.Core.Tests.Training;

public sealed class EventFileTests
{
    /// <summary>CRC-32C bit by bit (RFC 3720, appendix B.4), masked as TFRecord says.</summary>
    private static uint MaskedChecksum(ReadOnlySpan<byte> bytes)
    {
        var crc = Checksum(bytes);
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xffffffffu;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
        }
        return ~crc;
    }

    private static List<byte[]> Records(string path)
    {
        ReadOnlySpan<byte> rest = File.ReadAllBytes(path);
        var records = new List<byte[]>();
        while (!rest.IsEmpty)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest);
            Assert.Equal(MaskedChecksum(rest[..8]), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            var content = rest.Slice(12, length);
            Assert.Equal(MaskedChecksum(content), BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]));
            records.Add(content.ToArray());
            rest = rest[(16 + length)..];
        }
        return records;
    }

    [Fact]
    public void Every_record_has_the_checksums_that_readers_want()
    {
        // The check value of CRC-32C.
        Assert.Equal(0xe3069283u, Checksum("123456789"u8));
        using var folder = new TemporaryFolder();
        using (var file = new EventFile(folder.Root))
        {
            file.Add(new ScalarPoint("train/loss", 3_000_000_000, 0.25, 1_600_000_000.5));
            // A reader sees the point before the file is closed.
            Assert.Equal(2, Records(Assert.Single(Directory.GetFiles(folder.Root))).Count);
        }
        // Event: wall_time (field 1), step (2), summary (5) { value (1) { tag (1), simple_value (2) } }.
        byte[] expected =
        [
            0x09,
            .. BitConverter.GetBytes(1_600_000_000.5),
            0x10,
            0x80,
            0xbc,
            0xc1,
            0x96,
            0x0b,
            0x2a,
            19,
            0x0a,
            17,
            0x0a,
            10,
            .. "train/loss"u8,
            0x15,
            .. BitConverter.GetBytes(0.25f),
        ];
        Assert.Equal(expected, Records(Assert.Single(Directory.GetFiles(folder.Root)))[1]);
    }

    [Fact]
    public void Writing_a_whole_run_replaces_what_was_there()
    {
        using var folder = new TemporaryFolder();
        EventFile.Write(folder.Root, [new ScalarPoint("a", 1, 1, 1)]);
        var first = Assert.Single(Directory.GetFiles(folder.Root));
        EventFile.Write(folder.Root, [new ScalarPoint("a", 1, 1, 1), new ScalarPoint("a", 2, 1, 2)]);
        var second = Assert.Single(Directory.GetFiles(folder.Root));
        // TensorBoard goes on with files in the order of their names.
        Assert.True(string.CompareOrdinal(Path.GetFileName(first), Path.GetFileName(second)) < 0);
        Assert.Equal(3, Records(second).Count);
    }
}
