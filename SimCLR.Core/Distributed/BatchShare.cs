using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>
/// Which images of a batch a rank computes, and how what the ranks make of theirs becomes that of the whole batch, in the order in which one process has it.
/// Every rank has the same number of them; where the batch goes through in parts, the same number of each part.
/// </summary>
internal sealed class BatchShare : IDisposable
{
    private readonly Tensor? rows;
    private readonly Tensor? rowsThere;
    private readonly Tensor? order;

    /// <param name="ranks">Who computes the batch.</param>
    /// <param name="batch">Images of the batch.</param>
    /// <param name="part">Images of a part; null: the batch is in one.</param>
    /// <param name="normGroups">Groups of batch norm.</param>
    /// <param name="device">Where it is computed.</param>
    /// <exception cref="ArgumentException">The shares would be uneven; the message says what to change.</exception>
    internal BatchShare(ICollective ranks, long batch, int? part, int normGroups, Device device)
    {
        (Ranks, Batch) = (ranks, batch);
        if (ranks.Size == 1)
        {
            (Count, Part) = (batch, part);
            return;
        }
        CheckEven(ranks.Size, batch, part, normGroups);
        (Count, Part) = (batch / ranks.Size, part / ranks.Size);
        using var scope = NewDisposeScope();
        var all = Enumerable.Range(0, ranks.Size).Select(rank => RowsOf(rank, part ?? batch)).ToList();
        rows = all[ranks.Rank].alias().DetachFromDisposeScope();
        rowsThere = DeviceCopy.Of(rows, device).alias().DetachFromDisposeScope();
        if (part < batch)
            order = DeviceCopy.Of(cat([.. all]).argsort(), device).alias().DetachFromDisposeScope();
    }

    /// <summary>Who computes the batch.</summary>
    internal ICollective Ranks { get; }

    /// <summary>Images of the batch.</summary>
    internal long Batch { get; }

    /// <summary>Images of this rank.</summary>
    internal long Count { get; }

    /// <summary>Images of a part of this rank's; null: they are in one.</summary>
    internal int? Part { get; }

    /// <summary>Of a tensor whose first dimension is the batch, this rank's rows; the tensor itself where they are all.</summary>
    internal Tensor Of(Tensor batch) =>
        rows is null ? batch : batch.index_select(0, batch.device.type == DeviceType.CPU ? rows : rowsThere!);

    /// <summary>Of a tensor whose first dimension is this rank's images, the rows of the whole batch, without a graph; the tensor itself where there is
    /// one rank.</summary>
    internal Tensor Gather(Tensor here)
    {
        if (rows is null)
            return here;
        using var scope = NewDisposeScope();
        var all = Ranks.AllGather(here);
        return (order is null ? all : all.index_select(0, order)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rows?.Dispose();
        rowsThere?.Dispose();
        order?.Dispose();
    }

    /// <summary>A rank's rows of every part.</summary>
    private Tensor RowsOf(int rank, long part) =>
        cat([
            .. Parts(Batch, part)
                .Select(p =>
                {
                    var count = p.Count / Ranks.Size;
                    return arange(p.Start + rank * count, p.Start + (rank + 1) * count, int64, CPU);
                }),
        ]);

    /// <summary>So many images in parts; the last may be smaller.</summary>
    internal static IEnumerable<(long Start, long Count)> Parts(long count, long size)
    {
        for (var start = 0L; start < count; start += size)
            yield return (start, Math.Min(size, count - start));
    }

    private static void CheckEven(int size, long batch, int? part, int normGroups)
    {
        if (batch % size != 0)
            throw new ArgumentException(
                $"BatchSize is {batch}, which {size} ranks cannot share evenly; use a multiple of {size}, for example {Near(batch, size)}, or another number of ranks."
            );
        if (part is { } images && (images % size != 0 || batch % images % size != 0))
            throw new ArgumentException(
                $"MicroBatches.Size is {images} of a batch of {batch}, which {size} ranks cannot share evenly; every part, the last too, must be a multiple of {size}."
            );
        if (
            normGroups > 1
            && (normGroups % size != 0 || (part ?? batch) % normGroups != 0 || batch % (part ?? batch) != 0)
        )
            throw new ArgumentException(
                $"Batch norm sees {normGroups} groups of {part ?? batch} images, which {size} ranks cannot share evenly; use a number of groups that is a "
                    + $"multiple of {size} and divides the images, or another number of ranks."
            );
    }

    private static long Near(long batch, int size) => Math.Max(1, (batch + size / 2) / size) * size;
}
