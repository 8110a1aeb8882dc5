using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Losses;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>The gradient of a loss over a batch of view pairs: in one graph, or in parts by gradient caching.</summary>
internal sealed class Embedder(
    Encoder encoder,
    ProjectionHead head,
    ILoss loss,
    Precision precision,
    Device device,
    MicroBatches? parts
)
{
    /// <summary>Sees the representations that the gradient is taken of.</summary>
    internal IStepObserver? Observer { get; set; }

    /// <summary>Adds the loss's gradient to the weights.</summary>
    /// <param name="pairs">The views of the batch.</param>
    /// <returns>The loss, a scalar, and both views' embeddings, [N, D]; none has a graph.</returns>
    internal (Tensor Loss, Tensor ViewA, Tensor ViewB) Backward(ViewPairs pairs) =>
        parts is null ? Whole(pairs) : InParts(pairs, parts.Size);

    private (Tensor, Tensor, Tensor) Whole(ViewPairs pairs)
    {
        using var scope = NewDisposeScope();
        var (h, views) = Embed(pairs.Views(0, pairs.Count));
        if (h is not null)
            Observer?.Observe(h, pairs.Labels);
        var z = views.chunk(2);
        var value = loss.Compute(z[0], z[1], pairs.Labels);
        value.backward();
        return Kept(value, z[0], z[1]);
    }

    private (Tensor, Tensor, Tensor) InParts(ViewPairs pairs, int size)
    {
        using var scope = NewDisposeScope();
        var (a, b) = WithoutGraph(pairs, size);
        a.requires_grad_();
        b.requires_grad_();
        var value = loss.Compute(a, b, pairs.Labels);
        value.backward();
        var seen = new List<Tensor[]>();
        foreach (var (start, count) in Parts(pairs.Count, size))
        {
            using var part = NewDisposeScope();
            using var gradient = cat([a.grad!.narrow(0, start, count), b.grad!.narrow(0, start, count)]);
            var (h, views) = Embed(pairs.Views(start, count));
            autograd.backward(views, gradient);
            if (h is not null)
                seen.Add([.. h.chunk(2).Select(view => view.MoveToOuterDisposeScope())]);
        }
        // All first views before all second ones.
        if (seen.Count > 0)
            Observer?.Observe(cat([.. seen.Select(h => h[0]), .. seen.Select(h => h[1])]), pairs.Labels);
        return Kept(value, a, b);
    }

    /// <summary>All embeddings. Running statistics are put back: they are to move once, when the parts are embedded with a graph.</summary>
    private (Tensor ViewA, Tensor ViewB) WithoutGraph(ViewPairs pairs, int size)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var buffers = encoder.buffers().Concat(head.buffers()).ToList();
        var before = buffers.Select(buffer => buffer.clone()).ToList();
        var z = Parts(pairs.Count, size).Select(part => Embed(pairs.Views(part.Start, part.Count)).Z.chunk(2)).ToList();
        foreach (var (buffer, value) in buffers.Zip(before))
            buffer.copy_(value);
        return (
            cat([.. z.Select(views => views[0])]).MoveToOuterDisposeScope(),
            cat([.. z.Select(views => views[1])]).MoveToOuterDisposeScope()
        );
    }

    private static IEnumerable<(long Start, long Count)> Parts(long count, int size)
    {
        for (var start = 0L; start < count; start += size)
            yield return (start, Math.Min(size, count - start));
    }

    /// <summary>z of the views, and their h for the observer, float32, without a graph; null where nobody observes.</summary>
    private (Tensor? H, Tensor Z) Embed(Tensor views)
    {
        using var scope = NewDisposeScope();
        // Float64 is for tests of exactness.
        views = views.to_type(encoder.parameters().First().dtype);
        Tensor h;
        Tensor z;
        using (Autocast.Enter(precision, device))
        {
            h = encoder.forward(MemoryLayout.ChannelsLast(views));
            z = head.forward(h);
        }
        if (z.dtype != ScalarType.Float64)
            z = z.to_type(ScalarType.Float32);
        var seen = Observer is null ? null : h.detach().to_type(ScalarType.Float32).MoveToOuterDisposeScope();
        return (seen, z.MoveToOuterDisposeScope());
    }

    private static (Tensor, Tensor, Tensor) Kept(Tensor loss, Tensor a, Tensor b) =>
        (
            loss.detach().MoveToOuterDisposeScope(),
            a.detach().MoveToOuterDisposeScope(),
            b.detach().MoveToOuterDisposeScope()
        );
}
