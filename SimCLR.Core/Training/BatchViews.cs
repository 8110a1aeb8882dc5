using SimCLR.Core.Distributed;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>A batch and the drawn parameters of its views: any part of the views can be made, and made again.</summary>
internal sealed class BatchViews : IDisposable
{
    /// <summary>On a GPU, up to so many numbers, equal views are made in one pass: half as many operations, each of which costs its
    /// call. Beyond that the passes are bound by memory, and one would need more of it; on a CPU one pass was 4 % slower, since less of it lies in the cache.</summary>
    private const long OnePass = 1L << 26;

    private readonly ImageBatch batch;
    private readonly IReadOnlyList<IView> views;
    private readonly IReadOnlyList<ViewParameters> parameters;

    /// <summary>Draws the parameters of a step.</summary>
    /// <param name="batch">This rank's images, with the labels of the whole batch; disposed with the views.</param>
    /// <param name="views">The views of an image, the first one first; the same object may stand there several times, and is drawn anew for each.</param>
    /// <param name="streams">Where the parameters come from.</param>
    /// <param name="step">Which step it is.</param>
    /// <param name="share">Which images of the batch they are: parameters are drawn for all of them, so that a rank sees the views that one process would.
    /// Null: all.</param>
    internal BatchViews(
        ImageBatch batch,
        IReadOnlyList<IView> views,
        RandomStreams streams,
        long step,
        BatchShare? share = null
    )
    {
        (this.batch, this.views) = (batch, views);
        InOnePass = batch.Images.device.type == DeviceType.CUDA;
        var shape = batch.Shape(share?.Batch ?? batch.Count);
        BySize = Sizes(views, shape);
        parameters = [.. views.Select((view, number) => Draw(view, RandomStreams.View(number)))];

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

    private BatchViews(BatchViews like)
    {
        (views, BySize, InOnePass) = (like.views, like.BySize, like.InOnePass);
        batch = new ImageBatch(
            like.batch.Images.clone().DetachFromDisposeScope(),
            like.Labels.clone().DetachFromDisposeScope()
        );
        parameters = [.. like.parameters.Select(Fixed)];

        ViewParameters Fixed(ViewParameters parameters) =>
            new(
                parameters.Tensors.ToDictionary(
                    named => named.Key,
                    named => named.Value.to(batch.Images.device, copy: true).DetachFromDisposeScope()
                ),
                [.. parameters.Children.Select(Fixed)]
            );
    }

    /// <summary>A copy whose tensors lie on the device and stay where they are, for <see cref="Take"/>.</summary>
    internal BatchViews Fixed() => new(this);

    /// <summary>Takes over the batch and the parameters of others, drawn by the same views; a GPU is not waited for.</summary>
    internal void Take(BatchViews others)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        batch.Images.copy_(others.batch.Images);
        Labels.copy_(others.Labels);
        foreach (var (into, from) in parameters.Zip(others.parameters))
            Copy(into, from);

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

    /// <summary>Whether all that is done with them is the same at every step, but for numbers that are copied: not where whole images are cut on the processor.</summary>
    internal bool AreSteady => batch.Whole is null;

    /// <summary>N.</summary>
    internal long Count => batch.Count;

    /// <summary>[B], int64.</summary>
    internal Tensor Labels => batch.Labels;

    /// <summary>Numbers of the views, those that make images of one size together.</summary>
    internal IReadOnlyList<IReadOnlyList<int>> BySize { get; }

    /// <summary>Numbers of views, those that make images of one size together: [[0, 1]] for a pair, [[0, 1], [2, 3, 4]] with three smaller ones.</summary>
    internal static IReadOnlyList<IReadOnlyList<int>> Sizes(IReadOnlyList<IView> views, BatchShape images) =>
        [
            .. views
                .Select((view, number) => (Size: view.Output(images), Number: number))
                .GroupBy(view => view.Size, view => view.Number)
                .Select(numbers => (IReadOnlyList<int>)[.. numbers]),
        ];

    /// <summary>All views of a size, of some of the images: [views · count, C, H', W'], all first views before the second ones.</summary>
    /// <param name="start">The first of the images.</param>
    /// <param name="count">How many.</param>
    /// <param name="size">Which views, a number of <see cref="BySize"/>.</param>
    internal Tensor Views(long start, long count, int size = 0)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor[] made = [.. Passes(BySize[size], count).Select(Applied)];
        return (made is [var single] ? single : cat(made)).MoveToOuterDisposeScope();

        Tensor Applied(IReadOnlyList<int> pass)
        {
            var drawn = pass.Select(view => parameters[view].Slice(start, count)).Aggregate(ViewParameters.Concat);
            if (pass.Count == 1)
                return batch.Through(views[pass[0]], drawn, start, count);
            var bytes = batch.Images.narrow(0, start, count);
            var shown = cat([.. pass.Select(_ => bytes)]);
            return ViewBatch.Apply(views[pass[0]], shown, drawn.To(bytes.device));
        }
    }

    /// <summary>Views in passes: neighbours that are one and the same object, as far as a pass reaches.</summary>
    private IEnumerable<IReadOnlyList<int>> Passes(IReadOnlyList<int> numbers, long count)
    {
        var pass = new List<int>();
        foreach (var number in numbers)
        {
            var joins =
                pass.Count > 0
                && InOnePass
                && ReferenceEquals(views[pass[0]], views[number])
                && (pass.Count + 1) * count * (batch.Images.numel() / batch.Count) <= OnePass;
            if (pass.Count > 0 && !joins)
            {
                yield return pass;
                pass = [];
            }
            pass.Add(number);
        }
        yield return pass;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        batch.Dispose();
        foreach (var drawn in parameters)
            drawn.Dispose();
    }
}
