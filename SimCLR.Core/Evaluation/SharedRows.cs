using SimCLR.Core.Distributed;
using SimCLR.Core.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>What is made of images batch by batch, each batch by one of the ranks, as one process makes it.</summary>
internal static class SharedRows
{
    /// <summary>Images of a batch.</summary>
    internal const long BatchSize = 500;

    /// <summary>The rows of all images, [N, D], on every rank.</summary>
    /// <param name="ranks">Who makes them.</param>
    /// <param name="images">The images.</param>
    /// <param name="device">Where to.</param>
    /// <param name="rows">Of the images of a batch, [B, C, H, W], on the device, and its number: [B, D].</param>
    /// <param name="cancellation">Looked at before each batch.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal static Tensor Of(
        ICollective ranks,
        ImageSet images,
        Device device,
        Func<Tensor, long, Tensor> rows,
        CancellationToken cancellation
    )
    {
        using var scope = NewDisposeScope();
        Tensor? all = null;
        for (var start = ranks.Rank * BatchSize; start < images.Count; start += ranks.Size * BatchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            using var batchScope = NewDisposeScope();
            var count = Math.Min(BatchSize, images.Count - start);
            var batch = rows(images.Rows(start, count).to(device), start / BatchSize);
            all ??= Empty(batch.shape[1]);
            all.narrow(0, start, count).copy_(batch);
        }
        if (ranks.Size > 1)
        {
            // Of few images a rank may have no batch.
            var dimensions = ranks.FromFirst(all?.shape[1] ?? 0);
            all ??= Empty(dimensions);
            ranks.AllReduceSum(all);
        }
        return all!.MoveToOuterDisposeScope();

        Tensor Empty(long dimensions)
        {
            long[] shape = [images.Count, dimensions];
            // What others make is added.
            return (
                ranks.Size == 1 ? empty(shape, device: device) : zeros(shape, device: device)
            ).MoveToOuterDisposeScope();
        }
    }
}
