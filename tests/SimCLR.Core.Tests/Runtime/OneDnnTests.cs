using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Encoders;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Runtime;

/// <summary>Convolutions are right on any processor: on some virtual machines oneDNN's are not.</summary>
public class OneDnnTests
{
    [Fact]
    public void It_is_left_out_where_caches_are_hidden_and_nowhere_else()
    {
        Assert.Equal(Processor.HidesCaches, LibTorch.Load().LeavesOneDnnOut);
        Assert.Equal(!Processor.HidesCaches, OneDnn.IsUsed);
    }

    // With hidden caches, oneDNN divides by zero in the first forward and in the second backward, and gave numbers a third off, or none, in the others.
    [Theory]
    [InlineData(256, 1024, 1, 1, 4)]
    [InlineData(1024, 256, 1, 1, 4)]
    [InlineData(512, 1024, 1, 2, 8)]
    [InlineData(16, 24, 3, 1, 8)]
    [InlineData(16, 24, 3, 2, 8)]
    [InlineData(3, 32, 3, 1, 32)]
    public void Convolutions_are_those_of_float64_in_either_layout(
        int input,
        int output,
        int kernel,
        int stride,
        int side
    )
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5, CPU);
        var images = randn([6, side, side, input], generator: generator).permute(0, 3, 1, 2);
        var weights = randn([output, input, kernel, kernel], generator: generator);
        var gradient = randn([6, output, side / stride, side / stride], generator: generator);
        var exact = Computed(images, ScalarType.Float64);
        foreach (var layout in new[] { images, images.contiguous() })
        foreach (var (found, expected) in Computed(layout, ScalarType.Float32).Zip(exact))
            Assert.InRange(((found - expected).norm() / expected.norm()).ToDouble(), 0, 1e-5);

        Tensor[] Computed(Tensor images, ScalarType type) =>
            LibrarysConvolution.All(images, weights, _ => gradient, stride, kernel / 2, type);
    }
}
