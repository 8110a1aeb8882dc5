using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>The normalized embeddings of the last images, first in, first out. It begins with random directions.</summary>
internal sealed class FeatureQueue : IDisposable
{
    /// <summary>Where the next row goes: on the CPU, so that reading it waits for no device.</summary>
    private readonly Tensor position;

    private readonly string name;

    internal FeatureQueue(MethodContext context, long size, long dimensions, string name = "queue")
    {
        this.name = name;
        using var scope = NewDisposeScope();
        using var generator = context.Streams.At($"{RandomStreams.Method} {name}", 0);
        Rows = nn
            .functional.normalize(randn([size, dimensions], device: CPU, generator: generator))
            .to(context.Online.Type)
            .to(context.Device)
            .DetachFromDisposeScope();
        position = zeros(1, int64, CPU).DetachFromDisposeScope();
    }

    /// <summary>[K, D].</summary>
    internal Tensor Rows { get; }

    /// <summary>All that it is, by name.</summary>
    internal IEnumerable<KeyValuePair<string, Tensor>> State =>
        [KeyValuePair.Create($"{name}.rows", Rows), KeyValuePair.Create($"{name}.position", position)];

    /// <summary>Puts rows, which are normalized here, in the place of the oldest ones.</summary>
    /// <param name="rows">[N, D], N at most K.</param>
    internal void Add(Tensor rows)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var unit = nn.functional.normalize(rows.detach());
        var (size, count, start) = (Rows.shape[0], rows.shape[0], position.data<long>()[0]);
        var first = Math.Min(count, size - start);
        Rows.narrow(0, start, first).copy_(unit.narrow(0, 0, first));
        if (first < count)
            Rows.narrow(0, 0, count - first).copy_(unit.narrow(0, first, count - first));
        position.fill_((start + count) % size);
    }

    /// <summary>The figure <see cref="Health.QueueAge"/>, a scalar as the loss is: steps since the oldest embedding came in; 0 before any has.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="steps">Steps that have brought rows.</param>
    /// <param name="perStep">Rows of a step.</param>
    internal Tensor Age(Tensor loss, long steps, long perStep) =>
        full([], Math.Clamp(steps, 0, Rows.shape[0] / perStep), loss.dtype, loss.device);

    /// <exception cref="ArgumentException">The queue does not fit batch or images; the message says what to change.</exception>
    internal static long Check(long size, long perStep, MethodContext context)
    {
        if (size < perStep || size % perStep != 0)
            throw new ArgumentException(
                $"The queue has {size} rows, but every step brings {perStep}; use a multiple of that, for example {Nearest(size, perStep)}."
            );
        if (size > context.Images)
            throw new ArgumentException(
                $"The queue has {size} rows, but there are {context.Images} training images, so that it would hold an image several times; "
                    + $"use {context.Images / perStep * perStep} at most."
            );
        return size;
    }

    private static long Nearest(long size, long perStep) => Math.Max(1, size / perStep) * perStep;

    public void Dispose()
    {
        Rows.Dispose();
        position.Dispose();
    }
}
