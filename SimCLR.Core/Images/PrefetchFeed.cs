using System.Collections.Concurrent;
using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Reads the coming batches, from disk or memory, in a thread of its own, some ahead of the training, to its last step.</summary>
public sealed class PrefetchFeed : IImageFeed
{
    /// <summary>Batches ready or being read.</summary>
    public const int Ahead = 4;

    private readonly ImageSet images;
    private readonly Tensor labels;
    private readonly BatchOrder order;
    private readonly Device device;
    private readonly long totalSteps;
    private readonly BlockingCollection<(Tensor? Images, Tensor? Labels, Exception? Error)> ready = new(Ahead - 1);
    private readonly CancellationTokenSource ending = new();
    private readonly Stopwatch waiting = new();
    private Thread? reader;
    private long next = -1;

    /// <summary>Reads nothing until the first batch is asked for.</summary>
    /// <param name="train">The images; not disposed with the feed.</param>
    /// <param name="order">Which ones each step takes; disposed with the feed.</param>
    /// <param name="device">Where to.</param>
    /// <param name="totalSteps">Steps of the training: nothing is read for later ones.</param>
    /// <param name="labels">What comes with each image, [N] or [N, classes], int64; null: the images' labels.</param>
    public PrefetchFeed(ImageSet train, BatchOrder order, Device device, long totalSteps, Tensor? labels = null) =>
        (images, this.labels, this.order, this.device, this.totalSteps) = (
            train,
            labels ?? train.Labels,
            order,
            device,
            totalSteps
        );

    /// <inheritdoc/>
    public TimeSpan Waited => waiting.Elapsed;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Steps do not come in order, or the last one is over.</exception>
    /// <exception cref="ImageSourceException">The images cannot be read any more.</exception>
    public (Tensor Images, Tensor Labels) Batch(long step)
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
        var (batch, shown, error) = ready.Take();
        waiting.Stop();
        if (error is not null)
            throw new ImageSourceException($"The images of step {step} cannot be read: {error.Message}", error);
        if (device.type == DeviceType.CPU)
            return (batch!, shown!);
        using (batch)
        using (shown)
            return (batch!.to(device, non_blocking: true), shown!.to(device, non_blocking: true));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ending.Cancel();
        reader?.Join();
        foreach (var (batch, shown, _) in ready)
        {
            batch?.Dispose();
            shown?.Dispose();
        }
        ready.Dispose();
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
        var (batch, shown, error) = ((Tensor?)null, (Tensor?)null, (Exception?)null);
        try
        {
            (batch, shown) = Gather(step);
        }
        catch (Exception unreadable)
        {
            error = unreadable;
        }
        try
        {
            ready.Add((batch, shown, error), ending.Token);
        }
        catch (OperationCanceledException)
        {
            batch?.Dispose();
            shown?.Dispose();
            throw;
        }
    }

    private (Tensor Images, Tensor Labels) Gather(long step)
    {
        using var indices = order.At(step);
        var (batch, shown) = (images.Gather(indices), labels.index_select(0, indices));
        if (device.type != DeviceType.CUDA)
            return (batch, shown);
        using (batch)
        using (shown)
            return (batch.pin_memory(), shown.pin_memory());
    }
}
