using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>A picture of what the views do: a row per image, the image first, then pairs of its two views.</summary>
public static class ViewSheet
{
    /// <summary>Writes the sheet as a PNG.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="images">The first images of it are shown.</param>
    /// <param name="viewA">Makes the first view of a pair.</param>
    /// <param name="viewB">Makes the second.</param>
    /// <param name="streams">Randomness of the views: the sheet's first pair is what a run's first step would see of them.</param>
    /// <param name="rows">Images shown.</param>
    /// <param name="pairs">Pairs per image.</param>
    public static void Write(
        string path,
        ImageSet images,
        IView viewA,
        IView viewB,
        RandomStreams streams,
        int rows = 8,
        int pairs = 4
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = Math.Min(rows, images.Count);
        var batch = ViewBatch.FromBytes(images.Rows(0, count)).cpu();
        var shape = viewA.Output(BatchShape.Of(batch));
        var columns = new List<Tensor> { new Resize(shape.Height, shape.Width).Apply(batch, ViewParameters.None) };
        for (var pair = 0; pair < pairs; pair++)
        {
            columns.Add(Apply(viewA, batch, streams, RandomStreams.ViewA, pair));
            columns.Add(Apply(viewB, batch, streams, RandomStreams.ViewB, pair));
        }
        // [rows, columns, C, H, W] in reading order.
        ContactSheet.Write(path, stack(columns, 1).flatten(0, 1), columns.Count, shape.Height <= 64 ? 2 : 1);
    }

    private static Tensor Apply(IView view, Tensor batch, RandomStreams streams, string stream, int step)
    {
        using var generator = streams.At(stream, step);
        return view.Apply(batch, view.Draw(BatchShape.Of(batch), generator));
    }
}
