using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Mirrors left and right with probability p (paper, Appendix A).</summary>
/// <remarks>Parameters: apply: [N], bool.</remarks>
/// <param name="p">Probability, in [0, 1].</param>
/// <exception cref="ArgumentOutOfRangeException">p is not a probability.</exception>
public sealed class HorizontalFlip(double p = 0.5) : IPixelView
{
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
        return (image, pixels) =>
        {
            if (!apply[image])
                return;
            for (var channel = 0; channel < pixels.Channels; channel++)
            for (var row = 0; row < pixels.Height; row++)
                pixels.Channel(channel).Slice(row * pixels.Width, pixels.Width).Reverse();
        };
    }

    private Tensor OnBatch(Tensor images, ViewParameters parameters)
    {
        using var scope = NewDisposeScope();
        return PerSample.Choose(parameters["apply"], images.flip(3), images).MoveToOuterDisposeScope();
    }
}
