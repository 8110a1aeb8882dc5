using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>An encoder and its projection head.</summary>
/// <param name="Encoder">Images to h.</param>
/// <param name="Head">h to z.</param>
public sealed record Networks(Encoder Encoder, ProjectionHead Head) : IDisposable
{
    /// <summary>The networks that a pretraining begins with, on the device, convolutions in channels-last order.</summary>
    /// <param name="spec">What is trained; its seed draws the weights.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="device">Where to.</param>
    public static Networks Create(PretrainingSpec spec, long channels, Device device)
    {
        using var weights = new RandomStreams(spec.Seed).At(RandomStreams.Weights, 0, CPU);
        var encoder = spec.Encoder.Create(channels, weights);
        var head = spec.Head.Create(encoder.FeatureSize, weights);
        encoder.to(device);
        head.to(device);
        MemoryLayout.ToChannelsLast(encoder);
        return new Networks(encoder, head);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Encoder.Dispose();
        Head.Dispose();
    }
}
