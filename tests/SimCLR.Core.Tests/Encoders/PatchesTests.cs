using SimCLR.Core.Encoders;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Encoders;

public class PatchesTests
{
    public static TheoryData<long, long, long, long, long> Shapes()
    {
        var data = new TheoryData<long, long, long, long, long>();
        foreach (var (kernel, padding) in new[] { (1L, 0L), (3, 1), (7, 3), (3, 0), (2, 0), (4, 1) })
        foreach (var stride in new[] { 1L, 2, 3 })
        foreach (var (height, width) in new[] { (8L, 8L), (7, 9), (4, 5) })
            if (height + 2 * padding >= kernel)
                data.Add(kernel, padding, stride, height, width);
        return data;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Result_and_gradients_are_those_of_a_convolution(
        long kernel,
        long padding,
        long stride,
        long height,
        long width
    )
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5, CPU);
        Tensor Normal(params long[] shape) => randn(shape, ScalarType.Float64, generator: generator);
        var images = Normal(5, height, width, 3);
        var weights = Normal(4, 3, kernel, kernel);
        var gradient = empty(0);
        var expected = LibrarysConvolution.All(
            images.permute(0, 3, 1, 2),
            weights,
            shape =>
            {
                gradient = Normal(shape[0], shape[2], shape[3], shape[1]);
                return gradient.permute(0, 3, 1, 2);
            },
            stride,
            padding
        );
        // 3,000 bytes hold the patches of an image or two: the last part has fewer.
        foreach (var most in new[] { 1L << 27, 3_000 })
        {
            var patches = new Patches(kernel, stride, padding) { MostBytes = most };
            Assert.Equal(expected[0].shape[2], patches.Places(height));
            Tensor[] all =
            [
                patches.Convolve(images, weights).permute(0, 3, 1, 2),
                patches.DataGradient(gradient, weights, images.shape).permute(0, 3, 1, 2),
                patches.WeightGradient(images, gradient),
            ];
            foreach (var (exact, found) in expected.Zip(all))
            {
                Assert.Equal(exact.shape, found.shape);
                Assert.InRange((exact - found).abs().max().ToDouble(), 0, 1e-11);
            }
        }
    }
}
