using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Gathers each batch from images in memory: on a GPU from a copy there, which is made of no more images than the set has; on the CPU from
/// where they are.</summary>
public sealed class MemoryFeed : IImageFeed
{
    private readonly BatchOrder order;
    private readonly Device device;
    private readonly ImageSet images;
    private readonly Tensor labels;
    private Tensor? indices;
    private long indicesEpoch = -1;

    /// <summary>Copies the images to the device, if that is not where they are.</summary>
    /// <param name="train">Images in memory; they can be disposed afterwards.</param>
    /// <param name="order">Which ones each step takes; disposed with the feed.</param>
    /// <param name="device">Where to.</param>
    /// <param name="labels">What comes with each image, [N] or [N, classes], int64; null: the images' labels.</param>
    public MemoryFeed(ImageSet train, BatchOrder order, Device device, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        (this.order, this.device) = (order, device);
        images = device.type == DeviceType.CPU ? train.Share() : train.To(device);
        this.labels = (labels ?? train.Labels).to(device).alias().DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public TimeSpan Waited => TimeSpan.Zero;

    /// <inheritdoc/>
    public ImageBatch Batch(long step)
    {
        using var scope = NewDisposeScope();
        var epoch = step / order.StepsPerEpoch;
        if (epoch != indicesEpoch)
        {
            indices?.Dispose();
            indices = DeviceCopy.Of(order.Epoch(epoch), device).alias().DetachFromDisposeScope();
            indicesEpoch = epoch;
        }
        var chosen = order.Of(indices!, step);
        return new ImageBatch(
            images.Gather(chosen).MoveToOuterDisposeScope(),
            labels.index_select(0, chosen).MoveToOuterDisposeScope()
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        images.Dispose();
        labels.Dispose();
        order.Dispose();
        indices?.Dispose();
    }
}
