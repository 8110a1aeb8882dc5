using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Inverts the values that reach a threshold, with probability p (BYOL, arXiv 2006.07733; values as torchvision's solarize).</summary>
/// <remarks>Parameters: apply: [N], bool.</remarks>
/// <param name="threshold">Values of at least this become 1 - value; in [0, 1].</param>
/// <param name="p">Probability, in [0, 1].</param>
/// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
public sealed class Solarize(double threshold = 0.5, double p = 0.2) : IPixelView
{
    private readonly double _threshold = Require.Between(threshold, 0, 1, nameof(threshold));
    private readonly double _p = Require.Probability(p, nameof(p));

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input;

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        return PerSample.Keep(scope, ("apply", PerSample.Chance(batch, _p, generator)));
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters) =>
        PixelPass.Serves(images) ? PixelPass.Apply(this, images, parameters) : OnBatch(images, parameters);

    /// <inheritdoc/>
    Action<int, PixelImage> IPixelView.Pixels(BatchShape shape, ViewParameters parameters)
    {
        var apply = new Drawn<bool>(parameters["apply"]);
        var threshold = Vector256.Create((float)_threshold);
        return (image, pixels) =>
        {
            if (!apply[image])
                return;
            for (var channel = 0; channel < pixels.Channels; channel++)
                foreach (ref var x in PixelImage.Vectors(pixels.Channel(channel)))
                    x = Vector256.ConditionalSelect(
                        Vector256.GreaterThanOrEqual(x, threshold),
                        Vector256<float>.One - x,
                        x
                    );
        };
    }

    private Tensor OnBatch(Tensor images, ViewParameters parameters)
    {
        using var scope = NewDisposeScope();
        var inverted = images.ge(_threshold).logical_and(PerSample.Spread(parameters["apply"]));
        return where(inverted, 1 - images, images).MoveToOuterDisposeScope();
    }
}
