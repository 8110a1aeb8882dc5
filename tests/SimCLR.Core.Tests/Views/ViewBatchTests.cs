using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class ViewBatchTests
{
    [Fact]
    public void Bytes_become_their_255th()
    {
        using var scope = NewDisposeScope();
        var bytes = arange(256, ScalarType.Byte).view(1, 1, 16, 16);
        var images = ViewBatch.FromBytes(bytes);
        Assert.Equal(ScalarType.Float32, images.dtype);
        Close(Fill(1, 1, 16, 16, (_, _, y, x) => (y * 16 + x) / 255.0), images, 1e-7);
    }

    [Fact]
    public void Other_types_and_shapes_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => ViewBatch.FromBytes(zeros(1, 3, 4, 4)));
        Assert.Throws<ArgumentException>(() => ViewBatch.FromBytes(zeros(3, 4, 4, ScalarType.Byte)));
    }
}
