using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Encoders;

/// <summary>Basic block (two 3x3 convolutions) or bottleneck (1x1, 3x3 or selective kernel, 1x1), with torchvision's names.</summary>
internal sealed class ResidualBlock : Module<Tensor, Tensor>
{
    /// <summary>
    /// oneDNN's weight gradient of a strided 1x1 convolution writes beyond its memory where the channels are fewer than a vector register
    /// holds (uxlfoundation/oneDNN, issue 6035): wrong gradients, crashes, or no end. Such shortcuts drop the pixels first.
    /// </summary>
    private const long VectorChannels = 16;

    private readonly (Module<Tensor, Tensor> Layer, BatchNorm? Norm)[] branch;
    private readonly Sequential? downsample;
    private readonly long pixelStep;

    internal ResidualBlock(ResNetSpec spec, long input, long inner, long stride)
        : base("ResidualBlock")
    {
        var output = spec.Bottleneck ? 4 * inner : inner;
        var selective = spec.SelectiveKernel is not null;
        LastNorm = new BatchNorm(output);
        (string, Module<Tensor, Tensor>)[] layers =
            spec.SelectiveKernel is { } ratio
                ?
                [
                    ("conv1", new Convolution(input, inner, 1, 1)),
                    ("bn1", new BatchNorm(inner)),
                    ("relu1", ReLU(inplace: true)),
                    ("conv2", new SelectiveKernel(inner, stride, ratio)),
                    ("conv3", new Convolution(inner, output, 1, 1)),
                    ("bn3", LastNorm),
                ]
            : spec.Bottleneck
                ?
                [
                    ("conv1", new Convolution(input, inner, 1, 1)),
                    ("bn1", new BatchNorm(inner)),
                    ("relu1", ReLU(inplace: true)),
                    ("conv2", new Convolution(inner, inner, 3, stride)),
                    ("bn2", new BatchNorm(inner)),
                    ("relu2", ReLU(inplace: true)),
                    ("conv3", new Convolution(inner, output, 1, 1)),
                    ("bn3", LastNorm),
                ]
            :
            [
                ("conv1", new Convolution(input, inner, 3, stride)),
                ("bn1", new BatchNorm(inner)),
                ("relu1", ReLU(inplace: true)),
                ("conv2", new Convolution(inner, inner, 3, 1)),
                ("bn2", LastNorm),
            ];
        foreach (var (name, layer) in layers)
            register_module(name, layer);
        branch = [.. Paired([.. layers.Select(layer => layer.Item2)])];
        if (stride == 1 && input == output)
            return;
        pixelStep = !selective && input < VectorChannels ? stride : 1;
        downsample = selective
            ? Sequential(
                ("0", new ShortcutPool(stride)),
                ("1", new Convolution(input, output, 1, 1)),
                ("2", new BatchNorm(output))
            )
            : Sequential(("0", new Convolution(input, output, 1, stride / pixelStep)), ("1", new BatchNorm(output)));
        register_module("downsample", downsample);
    }

    internal BatchNorm LastNorm { get; }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input;
        foreach (var (layer, norm) in branch)
        {
            x = layer.forward(x);
            if (norm == LastNorm)
                return NormActivation.Forward(norm, x, Shortcut(input)).MoveToOuterDisposeScope();
            if (norm is not null)
                x = NormActivation.Forward(norm, x);
        }
        throw new InvalidOperationException("A block's branch ends in its last norm.");
    }

    private Tensor Shortcut(Tensor input)
    {
        if (downsample is null)
            return input;
        var x = Thinned(input);
        foreach (var layer in downsample.children().Cast<Module<Tensor, Tensor>>())
            x = layer is BatchNorm norm ? NormActivation.Forward(norm, x, relu: false) : layer.forward(x);
        return x;
    }

    /// <summary>Every so many pixels of an image's rows and columns.</summary>
    private Tensor Thinned(Tensor input) =>
        pixelStep == 1 ? input : input.slice(2, 0, input.shape[2], pixelStep).slice(3, 0, input.shape[3], pixelStep);

    /// <summary>Each layer with the norm behind it; ReLUs, which follow norms, are part of <see cref="NormActivation"/>.</summary>
    private static IEnumerable<(Module<Tensor, Tensor>, BatchNorm?)> Paired(Module<Tensor, Tensor>[] layers)
    {
        for (var i = 0; i < layers.Length; i++)
            if (layers[i] is not (BatchNorm or TorchSharp.Modules.ReLU))
                yield return (layers[i], i + 1 < layers.Length ? layers[i + 1] as BatchNorm : null);
    }
}
