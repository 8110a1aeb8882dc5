using System.Buffers.Binary;
using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class BmpTests
{
    /// <summary>A file of one row for each of the given rows of bytes, from the bottom where the height is positive.</summary>
    private static byte[] File(int width, int height, short bits, int compression, byte[] behindHeader, byte[][] rows)
    {
        var file = new byte[54];
        "BM"u8.CopyTo(file);
        void Put(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        Put(10, 54 + behindHeader.Length);
        Put(14, 40);
        Put(18, width);
        Put(22, height);
        Put(26, 1 | bits << 16);
        Put(30, compression);
        return [.. file, .. behindHeader, .. rows.SelectMany(row => row.Concat(new byte[(4 - row.Length % 4) % 4]))];
    }

    private static byte[] Pixels(byte[] file)
    {
        using var image = Bmp.Read(file);
        return image.WriteToMemory<byte>();
    }

    [Fact]
    public void Rows_come_from_the_bottom_or_from_the_top_where_the_height_is_negative()
    {
        byte[][] rows =
        [
            [1, 2, 3, 4, 5, 6],
            [7, 8, 9, 10, 11, 12],
        ];
        Assert.Equal([9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4], Pixels(File(2, 2, 24, 0, [], rows)));
        Assert.Equal([3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10], Pixels(File(2, -2, 24, 0, [], rows)));
    }

    [Fact]
    public void Five_bits_a_colour_are_spread_over_eight() =>
        Assert.Equal(
            [255, 0, 0, 0, 255, 0, 0, 0, 131],
            Pixels(
                File(
                    3,
                    1,
                    16,
                    0,
                    [],
                    [
                        [0x00, 0x7c, 0xe0, 0x03, 0x10, 0x00],
                    ]
                )
            )
        );

    [Fact]
    public void Masks_say_where_colours_lie()
    {
        byte[] masks = [0xff, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0xff, 0];
        Assert.Equal(
            [1, 2, 3, 5, 6, 7],
            Pixels(
                File(
                    2,
                    1,
                    32,
                    3,
                    masks,
                    [
                        [1, 2, 3, 4, 5, 6, 7, 8],
                    ]
                )
            )
        );
    }

    [Fact]
    public void Four_bits_are_places_in_the_palette() =>
        Assert.Equal(
            [30, 20, 10, 60, 50, 40, 0, 0, 0],
            Pixels(
                File(
                    3,
                    1,
                    4,
                    0,
                    [10, 20, 30, 0, 40, 50, 60, 0],
                    [
                        [0x01, 0x90],
                    ]
                )
            )
        );

    [Theory]
    [InlineData(1, 8, "a compressed BMP is not read")]
    [InlineData(0, 7, "a compressed BMP is not read")]
    [InlineData(0, 24, "ends before its last pixel")]
    public void What_is_not_read_is_refused(int compression, short bits, string reason) =>
        Assert.Contains(
            reason,
            Assert
                .Throws<UnreadableImageException>(() =>
                    Bmp.Read(
                        File(
                            90,
                            90,
                            bits,
                            compression,
                            [],
                            [
                                [1, 2, 3],
                            ]
                        )
                    )
                )
                .Message
        );
}
