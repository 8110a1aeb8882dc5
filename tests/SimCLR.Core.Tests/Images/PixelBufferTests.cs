using SimCLR.Core.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Images;

public class PixelBufferTests
{
    [Fact]
    public void What_it_gives_lies_in_one_memory_and_has_the_shape_that_is_asked_for()
    {
        using var buffer = new PixelBuffer();
        using var large = buffer.Of([2, 3, 4], ScalarType.Byte);
        using var small = buffer.Of([6], ScalarType.Byte);
        Assert.Equal([2, 3, 4], large.shape);
        Assert.Equal([6], small.shape);
        small.fill_(7);
        Assert.Equal([7, 7, 7, 7, 7, 7], large.flatten()[..6].data<byte>().ToArray());
        Assert.Equal(24, buffer.Bytes);
    }

    [Fact]
    public void It_grows_by_an_eighth_at_least_and_leaves_what_it_gave_before()
    {
        using var buffer = new PixelBuffer();
        using var first = buffer.Of([80], ScalarType.Int16);
        first.fill_(5);
        using var second = buffer.Of([81], ScalarType.Int16);
        second.fill_(6);
        Assert.Equal(90 * sizeof(short), buffer.Bytes);
        Assert.Equal(81, second.numel());
        using var kept = first.eq(5).all();
        Assert.True(kept.ToBoolean());
        using var third = buffer.Of([90], ScalarType.Int16);
        Assert.Equal(90 * sizeof(short), buffer.Bytes);
    }

    [Fact]
    public void Numbers_of_another_type_get_memory_of_their_own()
    {
        using var buffer = new PixelBuffer();
        using var bytes = buffer.Of([8], ScalarType.Byte);
        using var numbers = buffer.Of([8], ScalarType.Int16);
        Assert.Equal((ScalarType.Byte, ScalarType.Int16), (bytes.dtype, numbers.dtype));
        Assert.Equal(16, buffer.Bytes);
    }
}
