using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Chooses how images come to a training.</summary>
public static class ImageFeed
{
    /// <summary>Images on disk are read ahead; those in memory lie on the device.</summary>
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
        images.IsStreamed
            ? new PrefetchFeed(images, order, device, totalSteps, labels)
            : new MemoryFeed(images, order, device, labels);
}
