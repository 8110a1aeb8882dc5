using SimCLR.Core.Distributed;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// Which images each step takes: a new random order every epoch, an incomplete last batch left out. A function of seed and step alone,
/// so that a run can be taken up at any step, and coming batches can be read ahead.
/// </summary>
public sealed class BatchOrder : IDisposable
{
    private readonly RandomStreams streams;
    private readonly string stream;
    private Tensor? order;
    private long orderEpoch = -1;

    /// <summary>Makes the order of so many images in batches.</summary>
    /// <param name="streams">Where the order comes from.</param>
    /// <param name="count">Number of images, at least one batch.</param>
    /// <param name="batchSize">Images of a step.</param>
    /// <param name="stream">Which stream; its step is the epoch.</param>
    public BatchOrder(RandomStreams streams, long count, long batchSize, string stream = RandomStreams.Order)
    {
        (this.streams, this.stream, Count, BatchSize) = (streams, stream, count, batchSize);
        StepsPerEpoch = count / batchSize;
    }

    /// <summary>Number of images.</summary>
    public long Count { get; }

    /// <summary>Images of a step.</summary>
    public long BatchSize { get; }

    /// <summary>Which of a step's images are asked for; null: all.</summary>
    internal BatchShare? Share { get; init; }

    /// <summary>Full batches of an epoch.</summary>
    public long StepsPerEpoch { get; }

    /// <summary>The order of an epoch, counted from 0: [N], int64, on the CPU; it belongs to this object and lasts until another epoch is asked for.</summary>
    public Tensor Epoch(long epoch)
    {
        if (epoch != orderEpoch)
        {
            using var generator = streams.At(stream, epoch);
            order?.Dispose();
            order = randperm(Count, device: CPU, generator: generator).DetachFromDisposeScope();
            orderEpoch = epoch;
        }
        return order!;
    }

    /// <summary>The images of a step, counted from 0: [B], int64, on the CPU; of a rank's feed only its own. The caller disposes it.</summary>
    public Tensor At(long step)
    {
        using var scope = NewDisposeScope();
        return Of(Epoch(step / StepsPerEpoch), step).clone().MoveToOuterDisposeScope();
    }

    /// <summary>The images of a step, those of other ranks too, [B], int64, on the CPU. The caller disposes it.</summary>
    internal Tensor AllAt(long step) => All(Epoch(step / StepsPerEpoch), step);

    /// <summary>The images of a step in the order of its epoch, wherever that lies.</summary>
    internal Tensor Of(Tensor epoch, long step)
    {
        var batch = All(epoch, step);
        return Share is null ? batch : Share.Of(batch);
    }

    private Tensor All(Tensor epoch, long step) => epoch.narrow(0, step % StepsPerEpoch * BatchSize, BatchSize);

    /// <summary>Forgets the order of the last epoch; asked again, it is made again.</summary>
    public void Dispose()
    {
        order?.Dispose();
        (order, orderEpoch) = (null, -1);
    }
}
