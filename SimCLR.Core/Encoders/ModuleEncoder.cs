using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Encoders;

/// <summary>Any module of TorchSharp as an encoder.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Make">What makes, given the images' channels, the length of h, and a module from images [N, C, H, W], float32, to h [N, length]. The module draws its weights as TorchSharp's
/// own do: libtorch's global generator is seeded for it.</param>
public sealed record ModuleEncoderSpec(string Name, Func<long, (long FeatureSize, Module<Tensor, Tensor> Module)> Make)
    : EncoderSpec
{
    /// <inheritdoc/>
    public override Encoder Create(long channels, Generator weights)
    {
        using var _ = new GlobalRandomness(weights);
        var (size, module) = Make(channels);
        return new ModuleEncoder(Name, size, module);
    }
}

/// <summary>A module as an encoder. What it draws while it trains (dropout, stochastic depth) comes from a stream of the training's, per step and
/// part.</summary>
public sealed class ModuleEncoder : Encoder
{
    private readonly Module<Tensor, Tensor> module;

    internal ModuleEncoder(string name, long featureSize, Module<Tensor, Tensor> module)
        : base(name)
    {
        (FeatureSize, this.module) = (featureSize, module);
        register_module("network", module);
    }

    /// <inheritdoc/>
    public override long FeatureSize { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return module.forward(input).MoveToOuterDisposeScope();
    }
}
