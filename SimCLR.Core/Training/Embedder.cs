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
    /// <summary>Adds the loss's gradient to the weights.</summary>
    /// <param name="pairs">The views of the batch.</param>
    /// <returns>The loss, a scalar, and both views' embeddings, [N, D]; none has a graph.</returns>
    internal (Tensor Loss, Tensor ViewA, Tensor ViewB) Backward(ViewPairs pairs) =>
        parts is null ? Whole(pairs) : InParts(pairs, parts.Size);

    private (Tensor, Tensor, Tensor) Whole(ViewPairs pairs)
    {
        using var scope = NewDisposeScope();
        var z = Embed(pairs.Views(0, pairs.Count)).chunk(2);
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
        foreach (var (start, count) in Parts(pairs.Count, size))
        {
            using var part = NewDisposeScope();
            using var gradient = cat([a.grad!.narrow(0, start, count), b.grad!.narrow(0, start, count)]);
            autograd.backward(Embed(pairs.Views(start, count)), gradient);
        }
        return Kept(value, a, b);
    }

    /// <summary>All embeddings. Running statistics are put back: they are to move once, when the parts are embedded with a graph.</summary>
    private (Tensor ViewA, Tensor ViewB) WithoutGraph(ViewPairs pairs, int size)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var buffers = encoder.buffers().Concat(head.buffers()).ToList();
        var before = buffers.Select(buffer => buffer.clone()).ToList();
        var z = Parts(pairs.Count, size).Select(part => Embed(pairs.Views(part.Start, part.Count)).chunk(2)).ToList();
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

    private Tensor Embed(Tensor views)
    {
        using var scope = NewDisposeScope();
        // Float64 is for tests of exactness.
        views = views.to_type(encoder.parameters().First().dtype);
        using var autocast = Autocast.Enter(precision, device);
        var z = head.forward(encoder.forward(MemoryLayout.ChannelsLast(views)));
        return (z.dtype == ScalarType.Float64 ? z : z.to_type(ScalarType.Float32)).MoveToOuterDisposeScope();
    }

    private static (Tensor, Tensor, Tensor) Kept(Tensor loss, Tensor a, Tensor b) =>
        (
            loss.detach().MoveToOuterDisposeScope(),
            a.detach().MoveToOuterDisposeScope(),
            b.detach().MoveToOuterDisposeScope()
        );
}
