using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>A batch and the drawn parameters of its two views: any part of the views can be made, and made again.</summary>
internal sealed class ViewPairs : IDisposable
{
    private readonly Tensor images;
    private readonly IView viewA;
    private readonly IView viewB;
    private readonly ViewParameters parametersA;
    private readonly ViewParameters parametersB;

    /// <summary>Draws the parameters of a step.</summary>
    /// <param name="images">[N, C, H, W], uint8; disposed with the pairs.</param>
    /// <param name="labels">[N], int64; disposed with the pairs.</param>
    /// <param name="viewA">The first view.</param>
    /// <param name="viewB">The second view.</param>
    /// <param name="streams">Where the parameters come from.</param>
    /// <param name="step">Which step it is.</param>
    internal ViewPairs(Tensor images, Tensor labels, IView viewA, IView viewB, RandomStreams streams, long step)
    {
        (this.images, Labels, this.viewA, this.viewB) = (images, labels, viewA, viewB);
        var shape = BatchShape.Of(images);
        parametersA = Draw(viewA, RandomStreams.ViewA);
        parametersB = Draw(viewB, RandomStreams.ViewB);

        ViewParameters Draw(IView view, string stream)
        {
            using var generator = streams.At(stream, step, images.device);
            return view.Draw(shape, generator);
        }
    }

    /// <summary>N.</summary>
    internal long Count => images.shape[0];

    /// <summary>[N], int64.</summary>
    internal Tensor Labels { get; }

    /// <summary>Both views of some of the images: [2 count, C, H', W'], all first views before the second ones.</summary>
    internal Tensor Views(long start, long count)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var batch = ViewBatch.FromBytes(images.narrow(0, start, count));
        return cat([
                viewA.Apply(batch, parametersA.Slice(start, count)),
                viewB.Apply(batch, parametersB.Slice(start, count)),
            ])
            .MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        images.Dispose();
        Labels.Dispose();
        parametersA.Dispose();
        parametersB.Dispose();
    }
}
