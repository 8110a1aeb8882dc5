using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>A picture of what the views do: a row per image, the image first, then its views, several times.</summary>
public static class ViewSheet
{
    /// <summary>Writes the sheet as a PNG.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="images">The first images of it are shown.</param>
    /// <param name="views">Make the views of an image, the largest first; smaller ones stand in the middle of their place.</param>
    /// <param name="streams">Randomness of the views: those that come first are what a run's first step would see of the images.</param>
    /// <param name="rows">Images shown.</param>
    /// <param name="columns">Views shown of an image, at most, or all of them once where they are more.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(
        string path,
        ImageSet images,
        IReadOnlyList<IView> views,
        RandomStreams streams,
        int rows = 8,
        int columns = 8
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = Math.Min(rows, images.Count);
        var batch = ViewBatch.FromBytes(images.Rows(0, count)).cpu();
        var shape = views[0].Output(BatchShape.Of(batch));
        var shown = new List<Tensor> { new Resize(shape.Height, shape.Width).Apply(batch, ViewParameters.None) };
        for (var step = 0; step < Math.Max(1, columns / views.Count); step++)
            shown.AddRange(
                views.Select((view, i) => Placed(Apply(view, batch, streams, RandomStreams.View(i), step), shape))
            );
        // [rows, columns, C, H, W] in reading order.
        ContactSheet.Write(path, stack(shown, 1).flatten(0, 1), shown.Count, shape.Height <= 64 ? 2 : 1);
    }

    /// <summary>In the middle of images of that size.</summary>
    private static Tensor Placed(Tensor view, BatchShape shape)
    {
        var (down, right) = (shape.Height - view.shape[2], shape.Width - view.shape[3]);
        return down == 0 && right == 0
            ? view
            : nn.functional.pad(view, [right / 2, right - right / 2, down / 2, down - down / 2]);
    }

    private static Tensor Apply(IView view, Tensor batch, RandomStreams streams, string stream, int step)
    {
        using var generator = streams.At(stream, step);
        return view.Apply(batch, view.Draw(BatchShape.Of(batch), generator));
    }
}
