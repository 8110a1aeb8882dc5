using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>
/// A convolution [N, C, H, W] to [N, O, OH, OW] without bias, with zeros around the image. libtorch computes it; the gradient of its weights is a product of
/// patches where that is faster, and all of it is products where oneDNN would be wrong (<see cref="ConvolutionRule"/>): either differs in the order of its sums
/// only.
/// </summary>
/// <param name="input">C, the channels that come in.</param>
/// <param name="output">O, the channels that go out.</param>
/// <param name="kernel">Side of the kernel; half of it are zeros on each side.</param>
/// <param name="stride">Pixels from one place to the next.</param>
public sealed class Convolution(long input, long output, long kernel, long stride = 1)
    : TorchSharp.Modules.Convolution(
        nameof(Convolution),
        input,
        output,
        [kernel, kernel],
        [stride, stride],
        [kernel / 2, kernel / 2],
        null,
        [1, 1],
        false,
        [0, 0],
        1,
        false,
        PaddingModes.Zeros,
        CPU,
        ScalarType.Float32
    )
{
    private readonly Patches patches = new(kernel, stride, kernel / 2);

    /// <summary>In place of the rule's choice, where it is measured or tested.</summary>
    internal bool? ByPatches { get; set; }

    /// <summary>The same, where all of it is a product.</summary>
    internal bool? ByProducts { get; set; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) =>
        ByProducts ?? IsOfProducts(input) ? WithPatches(input, Product, ProductsGradient)
        : is_grad_enabled() && (ByPatches ?? IsFasterByPatches(input)) ? WithPatches(input, Convolve, DataGradient)
        : Convolve(input, weight!);

    private static bool IsOfProducts(Tensor input) =>
        ConvolutionRule.AllAreProducts && input.device_type == DeviceType.CPU && input.dim() == 4;

    private bool IsFasterByPatches(Tensor input) =>
        input.device_type == DeviceType.CPU
        && input.dim() == 4
        && MemoryLayout.IsChannelsLast(input)
        && ConvolutionRule.IsFasterByPatches(
            patches.Kernel,
            patches.Places(input.shape[2]) * patches.Places(input.shape[3]),
            TypeOf(input)
        );

    private static ScalarType TypeOf(Tensor input) =>
        Autocast.IsActive(DeviceType.CPU) ? ScalarType.BFloat16 : input.dtype;

    private Tensor Convolve(Tensor images, Tensor weights) =>
        nn.functional.conv2d(
            images,
            weights,
            null,
            [patches.Stride, patches.Stride],
            [patches.Padding, patches.Padding]
        );

    private Tensor WithPatches(
        Tensor input,
        Func<Tensor, Tensor, Tensor> convolve,
        Func<Tensor, Tensor, long[], Tensor> dataGradient
    )
    {
        using var scope = NewDisposeScope();
        Tensor result,
            images,
            weights;
        using (no_grad())
        {
            images = input.detach().to_type(TypeOf(input));
            weights = weight!.detach().to_type(images.dtype);
            result = convolve(images, weights);
        }
        if (!is_grad_enabled())
            return result.MoveToOuterDisposeScope();
        var (shape, needsData, type) = (images.shape, input.requires_grad, weight!.dtype);
        return GraphNode
            .Attach(
                result.MoveToOuterDisposeScope(),
                [input, weight],
                [images, weights],
                gradient =>
                {
                    var of = gradient.to_type(images.dtype);
                    return
                    [
                        needsData ? dataGradient(of, weights, shape) : null,
                        patches.WeightGradient(Pixels(images), Pixels(of)).to_type(type),
                    ];
                }
            )
            .MoveToOuterDisposeScope();
    }

    private Tensor Product(Tensor images, Tensor weights)
    {
        using var scope = NewDisposeScope();
        return patches.Convolve(Pixels(images), weights).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    private Tensor ProductsGradient(Tensor gradient, Tensor weights, long[] shape)
    {
        using var scope = NewDisposeScope();
        return patches
            .DataGradient(Pixels(gradient), weights, [shape[0], shape[2], shape[3], shape[1]])
            .permute(0, 3, 1, 2)
            .MoveToOuterDisposeScope();
    }

    /// <summary>A transposed convolution is a convolution's data gradient; the pixels that no patch reached are its output padding.</summary>
    private Tensor DataGradient(Tensor gradient, Tensor weights, long[] shape) =>
        nn.functional.conv_transpose2d(
            gradient,
            weights,
            null,
            [patches.Stride, patches.Stride],
            [patches.Padding, patches.Padding],
            [Unreached(shape[2]), Unreached(shape[3])]
        );

    private long Unreached(long side) => (side + 2 * patches.Padding - patches.Kernel) % patches.Stride;

    /// <summary>[N, C, H, W] as [N, H, W, C], dense.</summary>
    private static Tensor Pixels(Tensor images) => images.permute(0, 2, 3, 1).contiguous();
}
