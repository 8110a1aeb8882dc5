using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Color drop: with probability p every channel becomes 0.2989 R + 0.587 G + 0.114 B (paper, Appendix A).</summary>
/// <remarks>
/// The weights of torchvision's tensor functions and of TensorFlow, both 0.2989 for red. Images of one channel stay as they
/// are. Parameters: apply: [N], bool.
/// </remarks>
/// <param name="p">Probability, in [0, 1].</param>
/// <exception cref="ArgumentOutOfRangeException">p is not a probability.</exception>
public sealed class Grayscale(double p = 0.2) : IPixelView
{
    private readonly double _p = Require.Probability(p, nameof(p));

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) =>
        input.Channels is 1 or 3
            ? input
            : throw new ArgumentException(
                $"Grayscale needs images of 3 channels (or 1), not {input.Channels}. Leave it out of the views."
            );

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        return PerSample.Keep(scope, ("apply", PerSample.Chance(batch, _p, generator)));
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters) =>
        PixelPass.Serves(images) && images.shape[1] == 3
            ? PixelPass.Apply(this, images, parameters)
            : OnBatch(images, parameters);

    /// <inheritdoc/>
    Action<int, PixelImage> IPixelView.Pixels(BatchShape shape, ViewParameters parameters)
    {
        var apply = new Drawn<bool>(parameters["apply"]);
        return (image, pixels) =>
        {
            if (!apply[image] || pixels.Channels == 1)
                return;
            var luma = PixelLuma.Of(pixels);
            for (var channel = 0; channel < pixels.Channels; channel++)
                luma.CopyTo(pixels.Channel(channel));
        };
    }

    private Tensor OnBatch(Tensor images, ViewParameters parameters)
    {
        if (Output(BatchShape.Of(images)).Channels == 1)
            return images;
        using var scope = NewDisposeScope();
        return PerSample.Choose(parameters["apply"], Luma.Of(images), images).MoveToOuterDisposeScope();
    }
}
