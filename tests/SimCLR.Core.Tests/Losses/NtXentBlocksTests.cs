using SimCLR.Core.Losses;
using SimCLR.Core.Tests.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class NtXentBlocksTests
{
    private static Tensor Normal(long n, long d, ulong seed, ScalarType type = ScalarType.Float64)
    {
        using var generator = new Generator(seed, CPU);
        return randn(n, d, type, CPU, generator: generator).requires_grad_();
    }

    private static (double Value, Tensor A, Tensor B) Gradients(NtXent loss)
    {
        var (a, b) = (Normal(20, 6, 1), Normal(20, 6, 2));
        var value = loss.Compute(a, b);
        // A factor upstream must reach the gradient too.
        (3 * value).backward();
        return (value.ToDouble(), a.grad!, b.grad!);
    }

    private static double Distance(Tensor x, Tensor y) => (x - y).abs().max().ToDouble() / x.abs().max().ToDouble();

    [Theory]
    [InlineData(1, 0.5, true)]
    [InlineData(3, 0.1, true)]
    [InlineData(7, 0.01, true)]
    [InlineData(20, 0.5, true)]
    [InlineData(37, 0.2, true)]
    [InlineData(5, 5.0, false)]
    public void Blocks_give_the_value_and_gradient_of_the_whole(int rows, double temperature, bool normalize)
    {
        using var scope = NewDisposeScope();
        var whole = Gradients(new NtXent(temperature, normalize, 1000));
        var blocks = Gradients(new NtXent(temperature, normalize, rows));
        Assert.Equal(whole.Value, blocks.Value, 1e-12);
        Assert.True(Distance(whole.A, blocks.A) < 1e-10);
        Assert.True(Distance(whole.B, blocks.B) < 1e-10);
    }

    [Fact]
    public void A_batch_above_1024_goes_in_blocks_and_agrees_with_the_whole()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Normal(1100, 8, 1), Normal(1100, 8, 2));
        var whole = new NtXent(0.1, true, 10_000).Compute(a, b);
        Assert.Equal(whole.ToDouble(), new NtXent(0.1).Compute(a, b).ToDouble(), 1e-12);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(16384)]
    [InlineData(131072)]
    public void Automatic_blocks_are_bounded(long views)
    {
        var rows = NtXentBlocks.Rows(views);
        Assert.True(rows >= 1 && rows <= views && rows * views <= NtXentBlocks.BlockElements);
    }

    [Fact]
    public void Memory_stays_bounded_by_the_block_forward_and_backward()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Normal(3072, 32, 1, ScalarType.Float32), Normal(3072, 32, 2, ScalarType.Float32));
        new NtXent(0.5, true, 64).Compute(a.narrow(0, 0, 128), b.narrow(0, 0, 128)).backward();
        var taken = PeakMemory.MebibytesOf(() => new NtXent(0.5, true, 64).Compute(a, b).backward());
        // The whole matrix alone would be 6144 x 6144 x 4 bytes = 144 MiB; a block is 1.5 MiB.
        Assert.InRange(taken, 0, 40);
    }

    [Fact]
    public void No_rows_at_all_are_refused() =>
        Assert.Contains(
            "block rows is 0",
            Assert.Throws<ArgumentOutOfRangeException>(() => new NtXent(0.5, true, 0)).Message
        );
}
