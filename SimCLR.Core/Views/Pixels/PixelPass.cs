using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Views on the processor: each image goes through all of them while it is in the cache, and what its parameters leave alone is not touched.</summary>
/// <remarks>
/// As operations on a batch, every step reads and writes all of its images several times, and all kinds of work are done to all of them, to be chosen
/// from later; that suits a GPU, where <see cref="IView.Apply"/> does so. Here a pass over memory costs as much as the work. The threads are as many
/// as libtorch's; the result does not depend on their number.
/// </remarks>
internal static class PixelPass
{
    private static readonly AsyncLocal<bool> Off = new();

    [ThreadStatic]
    private static PixelImage? _room;

    /// <summary>Whether images are worked on here: on a processor, of float32, or of 8 or 16 bits as they are kept, and nothing is differentiated.</summary>
    internal static bool Serves(Tensor images) =>
        images.device.type == DeviceType.CPU
        && images.dtype is (ScalarType.Float32 or ScalarType.Byte or ScalarType.Int16)
        && !images.requires_grad
        && IsOn;

    /// <summary>Whether this flow of control works as on a processor.</summary>
    internal static bool IsOn => !Off.Value;

    /// <summary>Until disposed of, this flow of control works as on a GPU.</summary>
    internal static IDisposable AsOnGpu()
    {
        Off.Value = true;
        return new Restored();
    }

    /// <summary>Whether a view begins with a step that reads images as they are kept here.</summary>
    internal static bool ReadsKept(IView view) =>
        view switch
        {
            Sequence sequence => sequence.Steps.Count > 0 && ReadsKept(sequence.Steps[0]),
            _ => view is IPixelView,
        };

    /// <summary>The images after one view.</summary>
    internal static Tensor Apply(IPixelView view, Tensor images, ViewParameters parameters) =>
        Apply([(view, parameters)], images);

    /// <summary>The images after all of the views.</summary>
    /// <param name="steps">The views with the parameters drawn for these images.</param>
    /// <param name="images">[N, C, H, W], float32 in [0, 1], or uint8 or int16 as <see cref="ViewBatch.FromBytes"/> takes them.</param>
    /// <returns>[N, C, H', W'], float32, new, contiguous.</returns>
    internal static Tensor Apply(IReadOnlyList<(IPixelView View, ViewParameters Parameters)> steps, Tensor images)
    {
        using var scope = NewDisposeScope();
        var shape = BatchShape.Of(images);
        var (height, width) = ((int)shape.Height, (int)shape.Width);
        var size = shape.Channels * height * width;
        return Apply(steps, images.contiguous(), shape, image => (image * size, height, width))
            .MoveToOuterDisposeScope();
    }

    /// <summary>Whole images after all of the views, the first of which makes them of one size.</summary>
    internal static Tensor Apply(IReadOnlyList<(IPixelView View, ViewParameters Parameters)> steps, WholeImages images)
    {
        using var scope = NewDisposeScope();
        var (_, height, width) = images.Place(0);
        var shape = new BatchShape(images.Count, images.Channels, height, width, CPU);
        return Apply(steps, images.Pixels, shape, images.Place).MoveToOuterDisposeScope();
    }

    private static Tensor Apply(
        IReadOnlyList<(IPixelView View, ViewParameters Parameters)> steps,
        Tensor numbers,
        BatchShape shape,
        Func<int, (long Start, int Height, int Width)> place
    )
    {
        var changes = new Action<int, PixelImage>[steps.Count];
        for (var step = 0; step < steps.Count; step++)
        {
            var (view, parameters) = steps[step];
            var before = shape;
            shape = view.Output(before);
            changes[step] = view.Pixels(before, parameters);
        }
        var result = empty([shape.Count, shape.Channels, shape.Height, shape.Width], device: CPU);
        if (result.numel() > 0)
            Run(numbers, result, place, changes);
        return result;
    }

    private static unsafe void Run(
        Tensor numbers,
        Tensor result,
        Func<int, (long Start, int Height, int Width)> place,
        Action<int, PixelImage>[] changes
    )
    {
        var type = numbers.dtype;
        var from = MemoryLayout.Address(numbers);
        var to = MemoryLayout.Address(result);
        var (count, channels) = ((int)result.shape[0], (int)result.shape[1]);
        var newSize = (int)(result.numel() / count);
        var options = new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() };
        Parallel.For(0, count, options, Change);

        void Change(int image)
        {
            var pixels = Room(channels);
            var (start, height, width) = place(image);
            var size = checked(channels * height * width);
            if (type == ScalarType.Byte)
                pixels.Load(new ReadOnlySpan<byte>((byte*)from + start, size), height, width);
            else if (type == ScalarType.Int16)
                pixels.Load(new ReadOnlySpan<ushort>((ushort*)from + start, size), height, width);
            else
                pixels.Load(new ReadOnlySpan<float>((float*)from + start, size), height, width);
            foreach (var change in changes)
                change(image, pixels);
            pixels.Store(new Span<float>((float*)to + (long)image * newSize, newSize));
        }
    }

    private static PixelImage Room(int channels)
    {
        if (_room?.Channels != channels)
            _room = new PixelImage(channels);
        return _room;
    }

    private sealed class Restored : IDisposable
    {
        public void Dispose() => Off.Value = false;
    }
}
