using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Encoders;

/// <summary>A plain convolutional network: for small images and quick experiments.</summary>
/// <param name="Channels">Output channels of each stage; 1 or more; a stage is a 3x3 convolution of stride 2, batch norm and ReLU. The last is the length of h.</param>
public sealed record SmallConvSpec(IReadOnlyList<long> Channels) : EncoderSpec
{
    /// <inheritdoc/>
    public override Encoder Create(long channels, Generator weights) => new SmallConv(this, channels, weights);
}

/// <summary>The network of <see cref="SmallConvSpec"/>: its stages, then the mean over positions.</summary>
public sealed class SmallConv : Encoder
{
    private readonly Sequential stages;

    /// <summary>Makes the network and draws its weights.</summary>
    /// <param name="spec">What to make.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="weights">Generator of the initial weights, on the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no stage, or one without channels.</exception>
    public SmallConv(SmallConvSpec spec, long channels, Generator weights)
        : base("SmallConv")
    {
        if (spec.Channels.Count == 0 || spec.Channels.Any(count => count < 1))
            throw new ArgumentOutOfRangeException(
                nameof(spec),
                string.Join(", ", spec.Channels),
                "A SmallConv needs one or more stages of at least 1 channel, for example 32, 64, 128."
            );
        var layers = new List<(string, Module<Tensor, Tensor>)>();
        var previous = channels;
        foreach (var count in spec.Channels)
        {
            layers.Add(($"{layers.Count}", new Convolution(previous, count, 3, 2)));
            layers.Add(($"{layers.Count}", new BatchNorm(count)));
            layers.Add(($"{layers.Count}", ReLU(inplace: true)));
            previous = count;
        }
        stages = Sequential(layers);
        FeatureSize = previous;
        register_module("stages", stages);
        Initialization.Draw(this, weights);
    }

    /// <inheritdoc/>
    public override long FeatureSize { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input;
        foreach (var layer in stages.children().Cast<Module<Tensor, Tensor>>())
            if (layer is BatchNorm norm)
                x = NormActivation.Forward(norm, x);
            else if (layer is Convolution)
                x = layer.forward(x);
        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }
}
