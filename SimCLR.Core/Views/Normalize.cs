using System.Runtime.Intrinsics;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>
/// Standardizes each channel, of any number of them: (x - mean) / deviation. No parameters. What it makes is no image in [0, 1], which other views take: it
/// comes last.
/// </summary>
/// <param name="mean">One number per channel.</param>
/// <param name="deviation">One number above 0 per channel.</param>
/// <exception cref="ArgumentException">There are not as many of both, or a number is out of range.</exception>
public sealed class Normalize(IReadOnlyList<double> mean, IReadOnlyList<double> deviation) : IPixelView
{
    private readonly float[] _mean =
        mean.Count == deviation.Count && mean.All(double.IsFinite)
            ? [.. mean.Select(number => (float)number)]
            : throw new ArgumentException($"mean must be {deviation.Count} finite numbers, as many as deviation has.");

    private readonly float[] _deviation =
    [
        .. deviation.Select(number => (float)Require.Positive(number, nameof(deviation))),
    ];

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) =>
        input.Channels == _mean.Length
            ? input
            : throw new ArgumentException(
                $"The normalization has {_mean.Length} means and deviations, but images have {input.Channels} channels; give one for each."
            );

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator) => ViewParameters.None;

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters) =>
        PixelPass.Serves(images) ? PixelPass.Apply(this, images, parameters) : OnBatch(images, parameters);

    /// <inheritdoc/>
    Action<int, PixelImage> IPixelView.Pixels(BatchShape shape, ViewParameters parameters) =>
        (_, pixels) =>
        {
            for (var channel = 0; channel < pixels.Channels; channel++)
                foreach (ref var x in PixelImage.Vectors(pixels.Channel(channel)))
                    x = (x - Vector256.Create(_mean[channel])) / Vector256.Create(_deviation[channel]);
        };

    private Tensor OnBatch(Tensor images, ViewParameters parameters)
    {
        Output(BatchShape.Of(images));
        using var scope = NewDisposeScope();
        var means = DeviceConstants.Of(images.device, _mean).view(1, -1, 1, 1);
        var deviations = DeviceConstants.Of(images.device, _deviation).view(1, -1, 1, 1);
        return (images - means).div_(deviations).MoveToOuterDisposeScope();
    }
}
