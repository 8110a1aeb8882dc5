using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Encoders;

/// <summary>A network from images to representations h: [N, C, H, W] float32 in, [N, <see cref="FeatureSize"/>] out.</summary>
/// <param name="name">What messages call it.</param>
public abstract class Encoder(string name) : Module<Tensor, Tensor>(name)
{
    /// <summary>Length of h.</summary>
    public abstract long FeatureSize { get; }
}

/// <summary>What an encoder is made from: its kind and its sizes.</summary>
public abstract record EncoderSpec
{
    /// <summary>Makes the encoder on the CPU, its weights drawn from the generator.</summary>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="weights">A CPU generator: the only source of the initial weights.</param>
    /// <returns>The encoder, in training mode; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public abstract Encoder Create(long channels, Generator weights);
}

/// <summary>How a ResNet begins.</summary>
public enum Stem
{
    /// <summary>7x7 convolution of stride 2, then 3x3 max pooling of stride 2 (He et al. 2015).</summary>
    ImageNet,

    /// <summary>3x3 convolution of stride 1, no pooling (SimCLR, appendix B.9).</summary>
    Cifar,
}
