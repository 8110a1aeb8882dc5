using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Chooses how images come to a training.</summary>
public static class ImageFeed
{
    /// <summary>Part of a GPU's free memory that images may take: the rest is the training's.</summary>
    private const double DeviceShare = 1.0 / 3;

    /// <summary>
    /// Images on disk are read ahead. Those in memory are copied to a GPU if a third of its free memory is enough for them, and else brought
    /// there batch by batch, ahead of the training; on the CPU they stay where they are.
    /// </summary>
    /// <param name="images">The images; to be disposed after the feed.</param>
    /// <param name="order">Which ones each step takes; disposed with the feed.</param>
    /// <param name="device">Where to.</param>
    /// <param name="totalSteps">Steps of the training: nothing is read for later ones.</param>
    /// <param name="labels">What comes with each image, [N] or [N, classes], int64; null: <see cref="ImageSet.Labels"/>.</param>
    public static IImageFeed Of(
        ImageSet images,
        BatchOrder order,
        Device device,
        long totalSteps,
        Tensor? labels = null
    ) =>
        images.IsStreamed || !FitOn(device, images)
            ? new PrefetchFeed(images, order, device, totalSteps, labels)
            : new MemoryFeed(images, order, device, labels);

    /// <summary>Where the driver does not tell how much is free, they are taken to fit.</summary>
    private static bool FitOn(Device device, ImageSet images) =>
        device.type != DeviceType.CUDA || Fit(images, Gpu.Memory(Math.Max(0, device.index))?.Free);

    /// <summary>Whether the images take no more than their share of so many bytes; null: of unknown many.</summary>
    internal static bool Fit(ImageSet images, long? free) =>
        free is null
        || (double)images.Count * images.Channels * images.Height * images.Width * images.Bits / 8
            <= free * DeviceShare;
}
