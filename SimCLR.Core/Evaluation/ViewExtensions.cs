using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Batches through views, in short.</summary>
internal static class ViewExtensions
{
    /// <summary>The batch [N, C, H, W] through a view whose parameters a generator draws.</summary>
    internal static Tensor Through(this Tensor batch, IView view, Generator generator)
    {
        using var scope = NewDisposeScope();
        // A view may return its input, which belongs to the outer scope already.
        return view.Apply(batch, view.Draw(BatchShape.Of(batch), generator).To(batch.device))
            .alias()
            .MoveToOuterDisposeScope();
    }

    /// <summary>The batch through a view that draws nothing, such as a resize.</summary>
    internal static Tensor Through(this Tensor batch, IView view)
    {
        using var generator = new Generator(0, CPU);
        return batch.Through(view, generator);
    }

    /// <summary>Height of what the view makes of these images; they are square.</summary>
    internal static long SideOf(this IView view, Images.ImageSet images) =>
        view.Output(new BatchShape(1, images.Channels, images.Height, images.Width, CPU)).Height;
}
