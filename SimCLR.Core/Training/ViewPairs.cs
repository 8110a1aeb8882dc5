using SimCLR.Core.Distributed;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>A batch and the drawn parameters of its two views: any part of the views can be made, and made again.</summary>
internal sealed class ViewPairs : IDisposable
{
    /// <summary>On a GPU, up to so many numbers, both views are made in one pass where they are of one kind: half as many operations, each of which costs its
    /// call. Beyond that the passes are bound by memory, and one would need more of it; on a CPU one pass was 4 % slower, since less of it lies in the cache.</summary>
    private const long OnePass = 1L << 26;

    private readonly Tensor images;
    private readonly IView viewA;
    private readonly IView viewB;
    private readonly ViewParameters parametersA;
    private readonly ViewParameters parametersB;

    /// <summary>Draws the parameters of a step.</summary>
    /// <param name="images">[N, C, H, W], uint8, this rank's images; disposed with the pairs.</param>
    /// <param name="labels">[B], int64, those of the whole batch; disposed with the pairs.</param>
    /// <param name="viewA">The first view.</param>
    /// <param name="viewB">The second view.</param>
    /// <param name="streams">Where the parameters come from.</param>
    /// <param name="step">Which step it is.</param>
    /// <param name="share">Which images of the batch they are: parameters are drawn for all of them, so that a rank sees the views that one process would.
    /// Null: all.</param>
    internal ViewPairs(
        Tensor images,
        Tensor labels,
        IView viewA,
        IView viewB,
        RandomStreams streams,
        long step,
        BatchShare? share = null
    )
    {
        (this.images, Labels, this.viewA, this.viewB) = (images, labels, viewA, viewB);
        InOnePass = images.device.type == DeviceType.CUDA;
        var shape = BatchShape.Of(images);
        if (share is not null)
            shape = shape with { Count = share.Batch };
        parametersA = Draw(viewA, RandomStreams.ViewA);
        parametersB = Draw(viewB, RandomStreams.ViewB);

        ViewParameters Draw(IView view, string stream)
        {
            using var generator = streams.At(stream, step);
            var all = view.Draw(shape, generator);
            if (share is not { Ranks.Size: > 1 })
                return all;
            using (all)
                return all.Select(share.Of);
        }
    }

    private ViewPairs(ViewPairs like)
    {
        (viewA, viewB, InOnePass) = (like.viewA, like.viewB, like.InOnePass);
        images = like.images.clone().DetachFromDisposeScope();
        Labels = like.Labels.clone().DetachFromDisposeScope();
        parametersA = Fixed(like.parametersA);
        parametersB = Fixed(like.parametersB);

        ViewParameters Fixed(ViewParameters parameters) =>
            new(
                parameters.Tensors.ToDictionary(
                    named => named.Key,
                    named => named.Value.to(images.device, copy: true).DetachFromDisposeScope()
                ),
                [.. parameters.Children.Select(Fixed)]
            );
    }

    /// <summary>A copy whose tensors lie on the device and stay where they are, for <see cref="Take"/>.</summary>
    internal ViewPairs Fixed() => new(this);

    /// <summary>Takes over the batch and the parameters of others, drawn by the same views; a GPU is not waited for.</summary>
    internal void Take(ViewPairs others)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        images.copy_(others.images);
        Labels.copy_(others.Labels);
        Copy(parametersA, others.parametersA);
        Copy(parametersB, others.parametersB);

        void Copy(ViewParameters into, ViewParameters from)
        {
            foreach (var (name, value) in from.Tensors)
                DeviceCopy.Into(into[name], value);
            foreach (var (child, other) in into.Children.Zip(from.Children))
                Copy(child, other);
        }
    }

    /// <summary>Whether equal views are made in one pass.</summary>
    internal bool InOnePass { get; init; }

    /// <summary>N.</summary>
    internal long Count => images.shape[0];

    /// <summary>[B], int64.</summary>
    internal Tensor Labels { get; }

    /// <summary>Both views of some of the images: [2 count, C, H', W'], all first views before the second ones.</summary>
    internal Tensor Views(long start, long count)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var bytes = images.narrow(0, start, count);
        var (a, b) = (parametersA.Slice(start, count), parametersB.Slice(start, count));
        if (InOnePass && ReferenceEquals(viewA, viewB) && 2 * bytes.numel() <= OnePass)
            return Applied(viewA, cat([bytes, bytes]), ViewParameters.Concat(a, b)).MoveToOuterDisposeScope();
        return cat([Applied(viewA, bytes, a), Applied(viewB, bytes, b)]).MoveToOuterDisposeScope();
    }

    private static Tensor Applied(IView view, Tensor bytes, ViewParameters parameters) =>
        ViewBatch.Apply(view, bytes, parameters.To(bytes.device));

    /// <inheritdoc/>
    public void Dispose()
    {
        images.Dispose();
        Labels.Dispose();
        parametersA.Dispose();
        parametersB.Dispose();
    }
}
