using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

/// <summary>What methods are made for, without a training around them.</summary>
internal static class Contexts
{
    /// <summary>Small networks in float64 whose z has that many numbers.</summary>
    internal static Networks Double(long output)
    {
        using var weights = new RandomStreams(1).At("weights", 0);
        var encoder = new SmallConvSpec([4, 8]).Create(3, weights);
        var head = new HeadSpec(2, output, 10).Create(8, weights);
        encoder.to(ScalarType.Float64);
        head.to(ScalarType.Float64);
        return new Networks(encoder, head);
    }

    /// <summary>A step of as many images as the example has.</summary>
    internal static StepInput Input(long step = 0) =>
        new(step, arange(4), new BatchOrder(new RandomStreams(0), 100, 4));

    /// <summary>A training of so many images around those networks.</summary>
    internal static MethodContext Of(Networks networks, int batch = 4, long images = 100) =>
        new(
            networks,
            () => Double(networks.Head.OutputSize).CopyFrom(networks),
            new RandomStreams(0),
            CPU,
            images,
            batch,
            100,
            0.1
        );
}
