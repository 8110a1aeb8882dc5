using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Encoders;

public class ConvolutionTests
{
    /// <summary>Result, gradient of the images and of the weights.</summary>
    private static Tensor[] All(Convolution layer, Tensor images, Tensor gradient, Precision precision)
    {
        var x = images.detach().requires_grad_(true);
        Tensor y;
        using (Autocast.Enter(precision, CPU))
            y = layer.forward(x);
        var gradients = autograd.grad([y], [x, layer.weight!], [gradient.to_type(y.dtype)]);
        Assert.Equal(ScalarType.Float32, gradients[0].dtype);
        Assert.Equal(ScalarType.Float32, gradients[1].dtype);
        return [y.detach(), .. gradients];
    }

    private static double Distance(Tensor expected, Tensor actual) =>
        ((expected - actual.to_type(ScalarType.Float64)).norm() / expected.norm()).ToDouble();

    // Sides 8 and 7: the latter leaves no row unreached where the stride is 2.
    [Theory]
    [InlineData(1, 1, 8, Precision.Float32, 1e-6)]
    [InlineData(1, 2, 8, Precision.Float32, 1e-6)]
    [InlineData(3, 1, 8, Precision.Float32, 1e-6)]
    [InlineData(3, 2, 8, Precision.Float32, 1e-6)]
    [InlineData(3, 2, 7, Precision.Float32, 1e-6)]
    [InlineData(1, 2, 7, Precision.BFloat16, 5e-3)]
    [InlineData(3, 1, 8, Precision.BFloat16, 5e-3)]
    [InlineData(3, 2, 8, Precision.BFloat16, 5e-3)]
    public void Result_and_gradients_are_those_of_float64_within_rounding(
        int kernel,
        int stride,
        int side,
        Precision precision,
        double tolerance
    )
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3, CPU);
        using var layer = new Convolution(16, 24, kernel, stride);
        Initialization.Draw(layer, generator);
        var images = randn([6, side, side, 16], generator: generator).permute(0, 3, 1, 2);
        var gradient = randn([6, 24, (side + stride - 1) / stride, (side + stride - 1) / stride], generator: generator);
        var exact = LibrarysConvolution.All(images, layer.weight!, _ => gradient, stride, kernel / 2);
        // libtorch's convolution, the weights' gradient as a product, all as products.
        foreach (var way in new[] { 0, 1, 2 })
        {
            (layer.ByPatches, layer.ByProducts) = (way == 1, way == 2);
            var found = All(layer, images, gradient, precision);
            Assert.InRange(Distance(exact[0], found[0]), 0, tolerance);
            Assert.InRange(Distance(exact[1], found[1]), 0, tolerance);
            Assert.InRange(Distance(exact[2], found[2]), 0, tolerance);
        }
    }

    // Where caches are hidden, oneDNN divides by zero in the first's forward pass and in the second's backward one.
    [Theory]
    [InlineData(256, 1024, 1, 1, 4)]
    [InlineData(1024, 256, 1, 1, 4)]
    [InlineData(512, 1024, 1, 2, 8)]
    [InlineData(16, 24, 3, 1, 8)]
    [InlineData(16, 24, 3, 2, 8)]
    [InlineData(3, 32, 3, 1, 32)]
    [InlineData(3, 32, 7, 2, 32)]
    public void An_encoders_layers_are_right_whatever_the_layout_of_images_and_gradient(
        int input,
        int output,
        int kernel,
        int stride,
        int side
    )
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5, CPU);
        using var layer = new Convolution(input, output, kernel, stride);
        Initialization.Draw(layer, generator);
        MemoryLayout.ToChannelsLast(layer);
        var images = randn([6, input, side, side], generator: generator);
        var gradient = randn([6, output, side / stride, side / stride], generator: generator);
        var exact = LibrarysConvolution.All(images, layer.weight!, _ => gradient, stride, kernel / 2);
        foreach (var precision in new[] { Precision.Float32, Precision.BFloat16 })
        foreach (var (a, b) in new[] { (images, gradient), (MemoryLayout.ChannelsLast(images), gradient) })
        foreach (var (expected, found) in exact.Zip(All(layer, a, b, precision)))
            Assert.InRange(Distance(expected, found), 0, precision == Precision.Float32 ? 1e-5 : 5e-3);
    }

    [Fact]
    public void Without_a_graph_nothing_is_kept_and_images_need_no_gradient()
    {
        using var scope = NewDisposeScope();
        using var layer = new Convolution(4, 6, 3, 2) { ByPatches = true };
        var images = MemoryLayout.ChannelsLast(randn(2, 4, 8, 8));
        var alive = GraphNode.Count;
        using (no_grad())
            Assert.False(layer.forward(images).requires_grad);
        Assert.Equal(alive, GraphNode.Count);
        var result = layer.forward(images);
        // The gradient is ours, and not libtorch's.
        Assert.Equal(alive + 1, GraphNode.Count);
        result.sum().backward();
        Assert.NotNull(layer.weight!.grad);
        Assert.Null(images.grad);
    }

    // Kernels and places of ResNet-18 and ResNet-50 on CIFAR, as benchmarks/RESULTS.md has them.
    [Theory]
    [InlineData(3, 1024, false)]
    [InlineData(3, 256, false)]
    [InlineData(3, 64, true)]
    [InlineData(3, 16, true)]
    [InlineData(1, 16, true)]
    [InlineData(1, 1024, true)]
    public void The_rule_is_what_was_measured(long kernel, long places, bool byPatches)
    {
        Assert.Equal(byPatches, ConvolutionRule.IsFasterInBFloat16(kernel, places));
        Assert.Equal(
            byPatches && ConvolutionRule.IsOn,
            ConvolutionRule.IsFasterByPatches(kernel, places, ScalarType.BFloat16)
        );
        Assert.False(ConvolutionRule.IsFasterByPatches(kernel, places, ScalarType.Float32));
        Assert.True(!ConvolutionRule.IsOn || Processor.Flags.Contains("amx_bf16"));
    }

    [Fact]
    public void Any_memory_format_and_number_format_is_taken()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7, CPU);
        using var layer = new Convolution(256, 8, 3);
        Initialization.Draw(layer, generator);
        var images = randn([3, 256, 4, 4], generator: generator);
        var exact = LibrarysConvolution.All(images, layer.weight!, shape => zeros(shape), 1, 1)[0];
        using var noGrad = no_grad();
        foreach (var layout in new[] { images, MemoryLayout.ChannelsLast(images) })
            Assert.InRange(Distance(exact, layer.forward(layout)), 0, 1e-6);
        layer.to(ScalarType.Float64);
        Assert.InRange(Distance(exact, layer.forward(images.to_type(ScalarType.Float64))), 0, 1e-14);
    }
}
