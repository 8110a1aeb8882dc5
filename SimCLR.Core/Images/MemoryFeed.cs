using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Keeps all images on the device, as uint8, and gathers each batch there.</summary>
public sealed class MemoryFeed : IImageFeed
{
    private readonly BatchOrder order;
    private readonly Device device;
    private readonly Tensor images;
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
        // Handles of its own, on the CPU of the same memory.
        images = train.Images.to(device).alias().DetachFromDisposeScope();
        this.labels = (labels ?? train.Labels).to(device).alias().DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public TimeSpan Waited => TimeSpan.Zero;

    /// <inheritdoc/>
    public (Tensor Images, Tensor Labels) Batch(long step)
    {
        var (epoch, batch) = (step / order.StepsPerEpoch, step % order.StepsPerEpoch);
        if (epoch != indicesEpoch)
        {
            indices?.Dispose();
            indices = Copy(order.Epoch(epoch)).DetachFromDisposeScope();
            indicesEpoch = epoch;
        }
        using var chosen = indices!.narrow(0, batch * order.BatchSize, order.BatchSize);
        return (images.index_select(0, chosen), labels.index_select(0, chosen));
    }

    /// <summary>On the device; a GPU is not waited for.</summary>
    private Tensor Copy(Tensor numbers)
    {
        if (device.type != DeviceType.CUDA)
            return numbers.to(device, copy: true);
        using var pinned = numbers.pin_memory();
        return pinned.to(device, non_blocking: true);
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
