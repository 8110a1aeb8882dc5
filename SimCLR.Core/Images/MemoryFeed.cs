using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Keeps all images on the device, as uint8, and gathers each batch there.</summary>
public sealed class MemoryFeed : IImageFeed
{
    private readonly ImageSet images;
    private readonly BatchOrder order;
    private readonly Device device;
    private Tensor? indices;
    private long indicesEpoch = -1;

    /// <summary>Copies the images to the device.</summary>
    /// <param name="train">The images; they can be disposed afterwards.</param>
    /// <param name="order">Which ones each step takes; disposed with the feed.</param>
    /// <param name="device">Where to.</param>
    public MemoryFeed(ImageSet train, BatchOrder order, Device device) =>
        (images, this.order, this.device) = (train.To(device), order, device);

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
        return (images.Images.index_select(0, chosen), images.Labels.index_select(0, chosen));
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
        order.Dispose();
        indices?.Dispose();
    }
}
