using SimCLR.Core.Distributed;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

public class HostBufferTests
{
    [Fact]
    public void Memory_is_kept_until_more_is_needed()
    {
        var made = new List<(long, ScalarType)>();
        using var buffer = new HostBuffer(
            (count, type) =>
            {
                made.Add((count, type));
                return zeros([count], type, CPU);
            }
        );
        foreach (
            var shape in (long[][])
                [
                    [2, 3],
                    [3, 2],
                    [4],
                    [],
                    [5, 2],
                ]
        )
        {
            using var values = buffer.Of(shape, ScalarType.Float32);
            Assert.Equal(shape, values.shape);
            values.fill_(1);
        }
        using var others = buffer.Of([2, 3], ScalarType.Int64);
        Assert.Equal(ScalarType.Int64, others.dtype);
        Assert.Equal([(6, ScalarType.Float32), (10, ScalarType.Float32), (6, ScalarType.Int64)], made);
    }

    [Fact]
    public void What_a_gpu_gives_comes_back_through_pinned_memory()
    {
        Assert.SkipUnless(TorchSharp.torch.cuda.is_available(), "there is no GPU");
        using var buffer = HostBuffer.Pinned();
        using var values = arange(6, float32, CUDA).view(2, 3).t();
        using var here = buffer.Of(values.shape, values.dtype).copy_(values);
        Assert.True(here.is_pinned());
        Assert.Equal([0, 3, 1, 4, 2, 5], here.data<float>().ToArray());
    }
}
