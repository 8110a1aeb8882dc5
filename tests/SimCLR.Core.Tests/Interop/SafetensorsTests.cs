using System.Buffers.Binary;
using System.Text;
using SimCLR.Core.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Interop;

public class SafetensorsTests
{
    private static byte[] File(string header, params byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        data.CopyTo(bytes, 8 + json.Length);
        return bytes;
    }

    [Fact]
    public void Reads_a_file_written_by_hand()
    {
        // 1.0f is 00 00 80 3f, -2.0f is 00 00 00 c0.
        var bytes = File(
            """{"__metadata__":{"by":"hand"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}""",
            [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 7]
        );
        var (tensors, metadata) = Safetensors.Read(new MemoryStream(bytes), "test");
        Assert.Equal([1f, -2f], tensors["a"].data<float>().ToArray());
        Assert.Equal([1, 2], tensors["a"].shape);
        Assert.Equal(7, tensors["b"].ToByte());
        Assert.Equal("hand", metadata["by"]);
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void What_is_written_is_read_back(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var written = new Dictionary<string, Tensor>
        {
            ["m"] = (arange(12) % 5).to_type(type).view(3, 4).t(), // not contiguous
            ["scalar"] = ones([], type),
            ["empty"] = zeros([0, 3], type),
            ["wide"] = ones(3, dtype: ScalarType.Int64),
        };
        var stream = new MemoryStream();
        Safetensors.Write(stream, written, new Dictionary<string, string> { ["step"] = "3" });
        var (read, metadata) = Safetensors.Read(stream, "test");
        Assert.Equal("3", metadata["step"]);
        Assert.Equal(written.Keys.Order(), read.Keys.Order());
        foreach (var (name, tensor) in read)
        {
            Assert.Equal(written[name].dtype, tensor.dtype);
            Assert.Equal(written[name].shape, tensor.shape);
            Assert.True(written[name].eq(tensor).all().ToBoolean(), name);
            tensor.Dispose();
        }
    }

    [Fact]
    public void Tensors_that_are_larger_than_a_span_are_written_and_read_piece_by_piece()
    {
        using var scope = NewDisposeScope();
        var before = Safetensors.MostAtOnce;
        var tensors = new Dictionary<string, Tensor> { ["a"] = arange(1000, ScalarType.Float64), ["none"] = empty(0) };
        using var stream = new MemoryStream();
        try
        {
            // No multiple of a number's bytes.
            Safetensors.MostAtOnce = 999;
            Safetensors.Write(stream, tensors);
            var read = Safetensors.Read(stream, "x").Tensors;
            Assert.Equal(tensors["a"].data<double>().ToArray(), read["a"].data<double>().ToArray());
            Assert.Equal(0, read["none"].numel());
        }
        finally
        {
            Safetensors.MostAtOnce = before;
        }
        var whole = new MemoryStream();
        Safetensors.Write(whole, tensors);
        Assert.Equal(whole.ToArray(), stream.ToArray());
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "needs 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "cut off")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "cut off")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "begins at 4")]
    [InlineData("""{"a":{"dtype":"X1","shape":[1],"data_offsets":[0,1]}}""", 1, "of type X1, which is not read")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}""", 1, "cannot be")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[99999999999,99999999999],"data_offsets":[0,1]}}""",
        1,
        "needs 9223372036854775807 bytes"
    )]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1, "cannot be")]
    [InlineData("""{"a":{"dtype":"U8","shape":"x","data_offsets":[0,1]}}""", 1, "not as the format says")]
    [InlineData("""{"a":3}""", 0, "not as the format says")]
    [InlineData("""[1]""", 0, "not as the format says")]
    [InlineData("""{"a":""", 0, "not as the format says")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""",
        0,
        "twice"
    )]
    public void A_file_that_is_not_as_the_format_says_is_refused(string header, int dataBytes, string why)
    {
        var bytes = File(header, new byte[dataBytes]);
        var error = Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(bytes), "model.bin"));
        Assert.Contains(why, error.Message);
        Assert.StartsWith("model.bin", error.Message);
    }

    [Fact]
    public void A_header_longer_than_the_file_takes_no_memory()
    {
        var bytes = new byte[16];
        bytes.AsSpan(0, 8).Fill(0xff);
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(bytes), "test"));
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(new byte[5]), "test"));
    }

    [Fact]
    public void Types_that_are_not_read_are_no_matter_where_they_are_not_wanted()
    {
        using var scope = NewDisposeScope();
        const string Header =
            """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[4,7]}}""";
        var bytes = File(Header, [0, 0, 128, 63, 1, 2, 3]);
        Assert.Equal(["a", "b"], Safetensors.Names(new MemoryStream(bytes), "test"));
        var (tensors, _) = Safetensors.Read(new MemoryStream(bytes), "test", name => name == "a");
        Assert.Equal(1f, Assert.Single(tensors).Value.ToSingle());
        var error = Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(bytes), "test"));
        Assert.Contains(
            "tensor 'b' is of type F8_E4M3, which is not read; convert it to one of F64, F32",
            error.Message
        );
    }
}
