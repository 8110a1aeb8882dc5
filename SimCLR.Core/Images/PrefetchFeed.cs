using System.Collections.Concurrent;
using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Reads the coming batches, from disk or memory, in a thread of its own, some ahead of the training, to its last step. Those from disk lie in a ring of buffers, in turn: as
/// many as are ready or being read, and the one that is trained on. On a GPU, which gets copies from pinned memory, one is enough, but for whole images, which stay on the host.</summary>
public sealed class PrefetchFeed : IImageFeed
{
    /// <summary>Batches ready or being read.</summary>
    public const int Ahead = 4;

    private readonly ImageSet images;
    private readonly Tensor labels;
    private readonly BatchOrder order;
    private readonly Device device;
    private readonly long totalSteps;
    private readonly BlockingCollection<(ImageBatch? Batch, Exception? Error)> ready = new(Ahead - 1);
    private readonly CancellationTokenSource ending = new();
    private readonly Stopwatch waiting = new();
    private readonly PixelBuffer[] ring;
    private Thread? reader;
    private long next = -1;
    private long batchesRead;

    /// <summary>Reads nothing until the first batch is asked for.</summary>
    /// <param name="train">The images; not disposed with the feed.</param>
    /// <param name="order">Which ones each step takes; disposed with the feed.</param>
    /// <param name="device">Where to.</param>
    /// <param name="totalSteps">Steps of the training: nothing is read for later ones.</param>
    /// <param name="labels">What comes with each image, [N] or [N, classes], int64; null: the images' labels.</param>
    public PrefetchFeed(ImageSet train, BatchOrder order, Device device, long totalSteps, Tensor? labels = null)
        : this(train, order, device, totalSteps, labels, Ahead + 1) { }

    /// <summary>The same, with so many buffers.</summary>
    internal PrefetchFeed(ImageSet train, BatchOrder order, Device device, long totalSteps, Tensor? labels, int buffers)
    {
        (images, this.labels, this.order, this.device, this.totalSteps) = (
            train,
            labels ?? train.Labels,
            order,
            device,
            totalSteps
        );
        var copied = device.type == DeviceType.CUDA && !train.IsWhole;
        ring = [.. Enumerable.Range(0, copied ? 1 : buffers).Select(_ => new PixelBuffer())];
    }

    /// <summary>Batches read so far; those that have come to nothing, too.</summary>
    internal long BatchesRead => Interlocked.Read(ref batchesRead);

    /// <summary>Bytes of the buffers.</summary>
    internal long BufferBytes => ring.Sum(buffer => buffer.Bytes);

    /// <inheritdoc/>
    public TimeSpan Waited => waiting.Elapsed;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Steps do not come in order, or the last one is over.</exception>
    /// <exception cref="ImageSourceException">The images cannot be read any more.</exception>
    public ImageBatch Batch(long step)
    {
        if (step >= totalSteps)
            throw new InvalidOperationException($"Step {step} was asked for, but there are {totalSteps} steps.");
        if (reader is null)
            Start(step);
        if (step != next)
            throw new InvalidOperationException(
                $"Step {step} was asked for after step {next - 1}; steps come in order."
            );
        next++;
        waiting.Start();
        var (batch, error) = ready.Take();
        waiting.Stop();
        if (error is not null)
            throw new ImageSourceException($"The images of step {step} cannot be read: {error.Message}", error);
        return OnDevice(batch!);
    }

    /// <summary>The batch where it is trained on; whole images stay where they are.</summary>
    private ImageBatch OnDevice(ImageBatch batch)
    {
        if (device.type == DeviceType.CPU)
            return batch;
        using var labels = batch.Labels;
        var there = batch with { Labels = labels.to(device, non_blocking: true) };
        if (batch.Whole is not null)
            return there;
        using var images = batch.Images;
        return there with { Images = images.to(device, non_blocking: true) };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ending.Cancel();
        reader?.Join();
        foreach (var (batch, _) in ready)
            batch?.Dispose();
        ready.Dispose();
        foreach (var buffer in ring)
            buffer.Dispose();
        ending.Dispose();
        order.Dispose();
    }

    private void Start(long step)
    {
        next = step;
        reader = new Thread(() => Read(step)) { IsBackground = true, Name = "SimCLR prefetch" };
        reader.Start();
    }

    private void Read(long step)
    {
        try
        {
            for (; step < totalSteps; step++)
                Offer(step);
        }
        catch (OperationCanceledException)
        {
            // The training has ended, and nobody waits.
        }
        finally
        {
            ready.CompleteAdding();
        }
    }

    /// <summary>Reads a batch, or finds out that it cannot be read, and waits until there is room for it.</summary>
    /// <exception cref="OperationCanceledException">The feed is disposed.</exception>
    private void Offer(long step)
    {
        ending.Token.ThrowIfCancellationRequested();
        var (batch, error) = ((ImageBatch?)null, (Exception?)null);
        try
        {
            batch = Gather(step);
        }
        catch (Exception unreadable)
        {
            error = unreadable;
        }
        Interlocked.Increment(ref batchesRead);
        try
        {
            ready.Add((batch, error), ending.Token);
        }
        catch (OperationCanceledException)
        {
            batch?.Dispose();
            throw;
        }
    }

    private ImageBatch Gather(long step)
    {
        using var indices = order.At(step);
        var shown = labels.index_select(0, indices);
        var buffer = ring[step % ring.Length];
        var batch = images.IsWhole
            ? Whole(step, indices, shown, buffer)
            : new ImageBatch(images.Gather(indices, buffer), shown);
        return device.type == DeviceType.CUDA ? Pinned(batch) : batch;
    }

    private ImageBatch Whole(long step, Tensor indices, Tensor shown, PixelBuffer buffer)
    {
        using var all = order.AllAt(step);
        var whole = images.Whole(indices, buffer);
        return new ImageBatch(whole.Pixels, shown) { Whole = whole, Sizes = images.Sizes(all) };
    }

    /// <summary>What is copied to a GPU lies in pinned memory.</summary>
    private static ImageBatch Pinned(ImageBatch batch)
    {
        using var labels = batch.Labels;
        var pinned = batch with { Labels = labels.pin_memory() };
        if (batch.Whole is not null)
            return pinned;
        using var images = batch.Images;
        return pinned with { Images = images.pin_memory() };
    }
}
