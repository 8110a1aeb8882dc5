using SimCLR.Core.Views;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>The images of a training step, and what comes with them.</summary>
/// <param name="Images">[B, C, H, W], of their type (<see cref="ImageSet.Bits"/>), on the device. Whole images: [numbers], one after another, on the CPU.</param>
/// <param name="Labels">[B] or [B, classes], int64, on the device.</param>
public sealed record ImageBatch(Tensor Images, Tensor Labels) : IDisposable
{
    /// <summary>The images, where they are whole.</summary>
    internal WholeImages? Whole { get; init; }

    /// <summary>Where <see cref="Whole"/>: height and width of all images of the step, those of other ranks too, [batch, 2], int64, on the CPU.</summary>
    internal Tensor? Sizes { get; init; }

    /// <summary>Number of images.</summary>
    internal long Count => Whole?.Count ?? Images.shape[0];

    /// <summary>What views are drawn for.</summary>
    /// <param name="count">Images of the step, those of other ranks too.</param>
    internal BatchShape Shape(long count) =>
        Whole is null
            ? BatchShape.Of(Images) with
            {
                Count = count,
            }
            : BatchShape.Whole(Sizes!, Whole.Channels, Labels.device);

    /// <summary>The view of some of the images.</summary>
    /// <param name="view">The view.</param>
    /// <param name="parameters">Those drawn for these images.</param>
    /// <param name="start">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <returns>[count, C, H', W'], float32, on the device.</returns>
    internal Tensor Through(IView view, ViewParameters parameters, long start, long count)
    {
        if (Whole is null)
            return ViewBatch.Apply(view, Images.narrow(0, start, count), parameters.To(Images.device));
        using var some = Whole.Narrow(start, count);
        return WholeViews.Apply(view, some, parameters, Labels.device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Images.Dispose();
        Labels.Dispose();
        Sizes?.Dispose();
    }
}
