using System.Collections.Concurrent;
using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Reads the coming batches from disk in a thread of its own, some ahead of the trainer.</summary>
public sealed class PrefetchFeed : IImageFeed
{
    /// <summary>Batches ready or being read.</summary>
    public const int Ahead = 4;

    private readonly ImageSet images;
    private readonly BatchOrder order;
    private readonly Device device;
    private readonly BlockingCollection<(Tensor? Images, Tensor? Labels, Exception? Error)> ready = new(Ahead - 1);
    private readonly CancellationTokenSource ending = new();
    private readonly Stopwatch waiting = new();
    private Thread? reader;
    private long next = -1;

    /// <summary>Reads nothing until the first batch is asked for.</summary>
    /// <param name="train">Images that are read from disk; not disposed with the feed.</param>
    /// <param name="order">Which ones each step takes; disposed with the feed.</param>
    /// <param name="device">Where to.</param>
    public PrefetchFeed(ImageSet train, BatchOrder order, Device device) =>
        (images, this.order, this.device) = (train, order, device);

    /// <inheritdoc/>
    public TimeSpan Waited => waiting.Elapsed;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Steps do not come in order.</exception>
    /// <exception cref="ImageSourceException">The images cannot be read any more.</exception>
    public (Tensor Images, Tensor Labels) Batch(long step)
    {
        if (reader is null)
            Start(step);
        if (step != next)
            throw new InvalidOperationException(
                $"Step {step} was asked for after step {next - 1}; steps come in order."
            );
        next++;
        waiting.Start();
        var (batch, labels, error) = ready.Take();
        waiting.Stop();
        if (error is not null)
            throw new ImageSourceException($"The images of step {step} cannot be read: {error.Message}", error);
        if (device.type == DeviceType.CPU)
            return (batch!, labels!);
        using (batch)
        using (labels)
            return (batch!.to(device, non_blocking: true), labels!.to(device, non_blocking: true));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ending.Cancel();
        reader?.Join();
        foreach (var (batch, labels, _) in ready)
        {
            batch?.Dispose();
            labels?.Dispose();
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
            while (!ending.IsCancellationRequested)
                Offer(step++);
        }
        catch (Exception error)
        {
            if (!ending.IsCancellationRequested)
                ready.Add((null, null, error));
        }
    }

    /// <summary>Reads a batch and waits until there is room for it.</summary>
    private void Offer(long step)
    {
        using var indices = order.At(step);
        var batch = images.Gather(indices);
        var labels = images.Labels.index_select(0, indices);
        if (device.type == DeviceType.CUDA)
        {
            using var pageable = batch;
            using var pageableLabels = labels;
            (batch, labels) = (pageable.pin_memory(), pageableLabels.pin_memory());
        }
        try
        {
            ready.Add((batch, labels, null), ending.Token);
        }
        catch (OperationCanceledException)
        {
            batch.Dispose();
            labels.Dispose();
        }
    }
}
