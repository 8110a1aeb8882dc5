using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Encoders;

/// <summary>A ResNet (He et al. 2015, 1512.03385) without its classifier.</summary>
/// <param name="Depth">18, 34, 50, 101 or 152.</param>
/// <param name="Width">Factor of the channels of every layer, above 0, as in SimCLR's 2x and 4x encoders; 0.25 makes 16, 32, 64, 128.</param>
/// <param name="Stem">What comes before the first block.</param>
/// <param name="ZeroInitResidual">Starts the last batch norm's weight of every block at 0, as the reference code does.</param>
/// <param name="SelectiveKernel">Ratio of selective kernels, above 0, up to 1 (SimCLR v2, 2006.10029: 1/16); null: none. Every 3x3 convolution of a bottleneck becomes a
/// <see cref="Encoders.SelectiveKernel"/>, and stem and shortcuts are those of ResNet-D, as in the reference code with sk_ratio above 0.
/// Needs depth 50 or more.</param>
public sealed record ResNetSpec(
    int Depth,
    double Width = 1,
    Stem Stem = Stem.Cifar,
    bool ZeroInitResidual = true,
    double? SelectiveKernel = null
) : EncoderSpec
{
    /// <summary>The depths that there are.</summary>
    public static readonly IReadOnlyList<int> Depths = [18, 34, 50, 101, 152];

    /// <inheritdoc/>
    public override Encoder Create(long channels, Generator weights) => new ResNet(this, channels, weights);

    internal int[] Blocks =>
        Depth switch
        {
            18 => [2, 2, 2, 2],
            34 or 50 => [3, 4, 6, 3],
            101 => [3, 4, 23, 3],
            152 => [3, 8, 36, 3],
            _ => throw new ArgumentOutOfRangeException(
                nameof(Depth),
                Depth,
                $"A ResNet has depth {string.Join(", ", Depths)}; choose one of them."
            ),
        };

    internal bool Bottleneck => Depth >= 50;

    /// <exception cref="ArgumentOutOfRangeException">The ratio is not one, or there are no bottlenecks.</exception>
    internal void CheckSelectiveKernel()
    {
        if (SelectiveKernel is not { } ratio)
            return;
        if (!(ratio > 0 && ratio <= 1))
            throw new ArgumentOutOfRangeException(
                nameof(SelectiveKernel),
                ratio,
                "A selective kernel's ratio is above 0 and at most 1; SimCLR v2 has 1/16."
            );
        if (!Bottleneck)
            throw new ArgumentOutOfRangeException(
                nameof(Depth),
                Depth,
                "Selective kernels take the place of a bottleneck's 3x3 convolution; choose depth 50, 101 or 152."
            );
    }

    /// <summary>Channels of a layer that has that many at width 1.</summary>
    internal long Channels(long atWidthOne)
    {
        var channels = (long)Math.Round(atWidthOne * Width);
        return channels >= 1
            ? channels
            : throw new ArgumentOutOfRangeException(
                nameof(Width),
                Width,
                $"Width {Width} leaves no channel of {atWidthOne}; use at least {1.0 / atWidthOne}."
            );
    }
}

/// <summary>
/// ResNet (He et al. 2015, 1512.03385) with torchvision's state names and, at width 1 with the ImageNet stem, its parameters:
/// 11,689,512 for depth 18 and 25,557,032 for depth 50 with 1000 classes. Stride 2 lies in the 3x3 convolution of a bottleneck.
/// With selective kernels the stem "conv1" and the shortcuts "downsample" are named as timm names those of ResNet-D.
/// </summary>
public sealed class ResNet : Encoder
{
    private readonly Module<Tensor, Tensor> conv1;
    private readonly BatchNorm bn1;
    private readonly MaxPool2d? maxpool;
    private readonly Sequential[] layers;
    private readonly Linear? fc;

    /// <summary>Makes the network and draws its weights.</summary>
    /// <param name="spec">What to make.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="weights">Generator of the initial weights, on the CPU.</param>
    /// <param name="classes">With a number: a linear classifier "fc" follows, and the output is [N, classes].</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such depth, the width leaves a layer without channels, or selective kernels do not fit.</exception>
    public ResNet(ResNetSpec spec, long channels, Generator weights, long? classes = null)
        : base("ResNet")
    {
        spec.CheckSelectiveKernel();
        var width = spec.Channels(64);
        var cifar = spec.Stem == Stem.Cifar;
        conv1 =
            cifar ? new Convolution(channels, width, 3)
            : spec.SelectiveKernel is null ? new Convolution(channels, width, 7, 2)
            : DeepStem(channels, spec.Channels(32), width);
        bn1 = new BatchNorm(width);
        maxpool = cifar ? null : MaxPool2d(3, stride: 2, padding: 1);
        register_module("conv1", conv1);
        register_module("bn1", bn1);

        layers = new Sequential[4];
        var previous = width;
        for (var i = 0; i < 4; i++)
        {
            layers[i] = Layer(spec, previous, 64L << i, spec.Blocks[i], stride: i == 0 ? 1 : 2, out previous);
            register_module($"layer{i + 1}", layers[i]);
        }
        FeatureSize = previous;
        if (classes is { } count)
            register_module("fc", fc = Linear(FeatureSize, count));

        Initialization.Draw(this, weights);
        if (spec.ZeroInitResidual)
            ZeroLastNorms();
    }

    /// <inheritdoc/>
    public override long FeatureSize { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = NormActivation.Forward(bn1, conv1.forward(input));
        if (maxpool is not null)
            x = maxpool.forward(x);
        foreach (var layer in layers)
            x = layer.forward(x);
        x = x.mean([2, 3]);
        return (fc is null ? x : fc.forward(x)).MoveToOuterDisposeScope();
    }

    private static Sequential Layer(
        ResNetSpec spec,
        long input,
        long atWidthOne,
        int blocks,
        long stride,
        out long output
    )
    {
        var inner = spec.Channels(atWidthOne);
        output = spec.Bottleneck ? 4 * inner : inner;
        var list = new List<(string, Module<Tensor, Tensor>)>();
        for (var i = 0; i < blocks; i++)
            list.Add(($"{i}", new ResidualBlock(spec, i == 0 ? input : output, inner, i == 0 ? stride : 1)));
        return Sequential(list);
    }

    /// <summary>Three 3x3 convolutions in the place of a 7x7 one (He et al. 2018, 1812.01187, ResNet-C and -D).</summary>
    private static Sequential DeepStem(long channels, long half, long width) =>
        Sequential(
            ("0", new Convolution(channels, half, 3, 2)),
            ("1", new BatchNorm(half)),
            ("2", ReLU(inplace: true)),
            ("3", new Convolution(half, half, 3)),
            ("4", new BatchNorm(half)),
            ("5", ReLU(inplace: true)),
            ("6", new Convolution(half, width, 3))
        );

    private void ZeroLastNorms()
    {
        using var noGrad = no_grad();
        foreach (var block in modules().OfType<ResidualBlock>())
            block.LastNorm.weight.zero_();
    }
}
