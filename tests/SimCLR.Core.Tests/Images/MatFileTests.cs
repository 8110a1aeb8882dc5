using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class MatFileTests
{
    private static readonly byte[] Values = [.. Enumerable.Range(0, 12).Select(i => (byte)(i * 20))];

    private static List<(string Name, int[] Dimensions, byte[] Values)> Read(string path)
    {
        var arrays = new List<(string, int[], byte[])>();
        MatFile.Read(
            path,
            array =>
            {
                var values = new byte[array.Dimensions.Aggregate(1, (product, size) => product * size)];
                array.Values.ReadExactly(values);
                arrays.Add((array.Name, array.Dimensions, values));
            }
        );
        return arrays;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Arrays_are_read_in_order_compressed_or_not(bool compressed)
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("file.mat");
        byte[] Stored(byte[] element) => compressed ? MatWriter.Compressed(element) : element;
        MatWriter.Write(
            path,
            Stored(MatWriter.Matrix("X", [2, 3, 2], Values)),
            Stored(MatWriter.Matrix("longer name", [5, 1], Values[..5]))
        );
        var arrays = Read(path);
        Assert.Equal(["X", "longer name"], arrays.Select(array => array.Name));
        Assert.Equal([2, 3, 2], arrays[0].Dimensions);
        Assert.Equal(Values, arrays[0].Values);
        Assert.Equal([5, 1], arrays[1].Dimensions);
        Assert.Equal(Values[..5], arrays[1].Values);
    }

    [Fact]
    public void An_array_that_is_not_read_is_passed_over()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("file.mat");
        var first = MatWriter.Compressed(MatWriter.Matrix("X", [12, 1], Values));
        MatWriter.Write(path, first, MatWriter.Matrix("y", [12, 1], Values));
        var names = new List<string>();
        MatFile.Read(path, array => names.Add(array.Name));
        Assert.Equal(["X", "y"], names);
    }

    [Fact]
    public void Values_that_are_no_bytes_or_not_as_many_as_the_sizes_say_are_refused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("file.mat");
        MatWriter.Write(path, MatWriter.Matrix("X", [12, 1], Values, type: 9));
        Assert.Contains("'X' has 12 bytes of type 9", Assert.Throws<InvalidDataException>(() => Read(path)).Message);
        foreach (var size in new[] { 11, 13 })
        {
            MatWriter.Write(path, MatWriter.Matrix("X", [size, 1], Values));
            var error = Assert.Throws<InvalidDataException>(() => Read(path));
            Assert.Contains($"expected {size} of type 2", error.Message);
        }
    }

    [Fact]
    public void A_file_of_another_kind_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("file.mat");
        File.WriteAllBytes(path, new byte[200]);
        Assert.Contains("level 5", Assert.Throws<InvalidDataException>(() => Read(path)).Message);
        File.WriteAllBytes(path, new byte[20]);
        Assert.Throws<EndOfStreamException>(() => Read(path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cut_off_anywhere_it_is_an_error_and_never_half_an_array(bool compressed)
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("file.mat");
        var element = MatWriter.Matrix("X", [12, 1], Values);
        MatWriter.Write(path, compressed ? MatWriter.Compressed(element) : element);
        var whole = File.ReadAllBytes(path);
        for (var length = 129; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            var error = Record.Exception(() => Read(path));
            Assert.True(error is EndOfStreamException or InvalidDataException, $"at {length}: {error}");
        }
    }
}
