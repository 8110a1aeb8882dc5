using System.Diagnostics;
using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class NtXentBlocksTests(ITestOutputHelper output)
{
    private static (double Value, Tensor A, Tensor B) Gradients(NtXent loss, int n, int d)
    {
        var (a, b) = (
            Scalar.Tensor(Scalar.Random(n, d, 1), grad: true),
            Scalar.Tensor(Scalar.Random(n, d, 2), grad: true)
        );
        var value = loss.Compute(a, b);
        // A factor upstream must reach the gradient too.
        (3 * value).backward();
        return (value.ToDouble(), a.grad!, b.grad!);
    }

    private static double Distance(Tensor x, Tensor y) => (x - y).abs().max().ToDouble();

    [Theory]
    [InlineData(1, 0.5, true)]
    [InlineData(3, 0.1, true)]
    [InlineData(7, 0.01, true)]
    [InlineData(20, 0.5, true)]
    [InlineData(37, 0.2, true)]
    [InlineData(5, 5.0, false)]
    public void Blocks_give_the_value_and_gradient_of_the_whole(long block, double temperature, bool normalize)
    {
        using var scope = NewDisposeScope();
        var whole = Gradients(new NtXent(temperature, normalize, 1000), 20, 6);
        var blocks = Gradients(new NtXent(temperature, normalize, block), 20, 6);
        Assert.Equal(whole.Value, blocks.Value, 1e-12);
        Assert.True(Distance(whole.A, blocks.A) < 1e-10);
        Assert.True(Distance(whole.B, blocks.B) < 1e-10);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(16384)]
    [InlineData(131072)]
    public void Automatic_blocks_are_bounded(long views)
    {
        var rows = NtXentBlocks.AutomaticRows(views);
        Assert.True(rows >= 1 && rows <= views && rows * views <= 1L << 25);
    }

    [Fact]
    public void Memory_stays_bounded_by_the_block_forward_and_backward()
    {
        Assert.SkipUnless(File.Exists("/proc/self/clear_refs"), "The peak of memory is read from Linux's /proc.");
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var a = randn(3072, 32, generator: generator).requires_grad_();
        var b = randn(3072, 32, generator: generator).requires_grad_();
        new NtXent(0.5, true, 64).Compute(a.narrow(0, 0, 128), b.narrow(0, 0, 128)).backward();
        File.WriteAllText("/proc/self/clear_refs", "5");
        var before = PeakKilobytes();
        new NtXent(0.5, true, 64).Compute(a, b).backward();
        // The whole matrix alone would be 6144 x 6144 x 4 bytes = 144 MiB; a block is 1.5 MiB.
        Assert.InRange(PeakKilobytes() - before, 0, 40 * 1024);
    }

    private static long PeakKilobytes() =>
        long.Parse(
            File.ReadLines("/proc/self/status")
                .First(line => line.StartsWith("VmHWM"))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]
        );

    /// <summary>Run with: -method "*Timing_of_whole_and_blocks" -explicit only.</summary>
    [Theory(Explicit = true)]
    [InlineData(256, 0)]
    [InlineData(256, 64)]
    [InlineData(1024, 100000)]
    [InlineData(1024, 256)]
    [InlineData(4096, 100000)]
    [InlineData(4096, 256)]
    [InlineData(4096, 1024)]
    [InlineData(4096, 4096)]
    [InlineData(4096, 0)]
    [InlineData(8192, 0)]
    public void Timing_of_whole_and_blocks(int n, long block)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var device = cuda.is_available() ? CUDA : CPU;
        var a = randn(n, 128, generator: generator).to(device).requires_grad_();
        var b = randn(n, 128, generator: generator).to(device).requires_grad_();
        var times = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            var watch = Stopwatch.StartNew();
            using var inner = NewDisposeScope();
            new NtXent(0.5, true, block).Compute(a, b).backward();
            _ = a.grad![0, 0].ToDouble();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        output.WriteLine($"N {n} block {block} on {device}: {times.Skip(1).Min():F2} ms");
    }
}
