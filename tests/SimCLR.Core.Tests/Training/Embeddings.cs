using SimCLR.Core.Distributed;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>The gradient of networks without a training around them.</summary>
internal static class Embeddings
{
    /// <summary>The embedder of SimCLR with that loss.</summary>
    internal static Embedder Of(ILoss loss, Encoder encoder, ProjectionHead head, MicroBatches? parts) =>
        Of(new SimClrSpec(loss).Create(Context(new Networks(encoder, head))), parts);

    /// <summary>The embedder of a method.</summary>
    internal static Embedder Of(IMethod method, MicroBatches? parts) =>
        new(
            method,
            new RandomStreams(0),
            Precision.Float32,
            CPU,
            new BatchShare(Alone.Instance, 24, parts?.Size, 1, CPU)
        );

    /// <summary>What a method is made for around those networks; it may make no others.</summary>
    internal static MethodContext Context(Networks networks, int batch = 24) =>
        new(networks, () => throw new NotSupportedException(), new RandomStreams(0), CPU, batch, batch, 100, 0.1);

    /// <summary>Small networks whose z has that many numbers.</summary>
    internal static Networks Networks(long output = 6)
    {
        using var weights = new RandomStreams(1).At("weights", 0);
        var encoder = new SmallConvSpec([4, 8]).Create(3, weights);
        return new Networks(encoder, new HeadSpec(2, output, 10).Create(8, weights));
    }

    /// <summary>The first step over that batch.</summary>
    internal static StepInput Step(BatchViews pairs) =>
        new(0, pairs.Labels, new BatchOrder(new RandomStreams(0), pairs.Count, pairs.Count));
}
