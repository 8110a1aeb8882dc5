using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// A generated data set that needs no files: ten classes told apart by outline and filling, while colour, place,
/// scale, angle, background and light are drawn without regard to the class. Colours tell nothing of the class, crops
/// and flips keep it.
/// </summary>
public sealed class Shapes : IImageSource
{
    /// <summary>Most images in a split.</summary>
    public const int MaxCount = 1_000_000;

    private readonly int trainCount;
    private readonly int testCount;
    private readonly int size;
    private readonly long seed;

    /// <summary>Describes the data; <see cref="Load"/> makes them.</summary>
    /// <param name="trainCount">Training images; classes take turns.</param>
    /// <param name="testCount">Test images.</param>
    /// <param name="size">Side in pixels, 16 to 256.</param>
    /// <param name="seed">Seed of the data, not of a run: the same seed gives the same bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count or the size is out of range.</exception>
    public Shapes(int trainCount = 2000, int testCount = 1000, int size = 32, long seed = 20200213)
    {
        foreach (var (name, count) in new[] { (nameof(trainCount), trainCount), (nameof(testCount), testCount) })
            if (count < ShapeForms.Classes.Length || count > MaxCount)
                throw new ArgumentOutOfRangeException(
                    name,
                    count,
                    $"{name} is {count}; use {ShapeForms.Classes.Length} (one image of each class) to {MaxCount}."
                );
        if (size is < 16 or > 256)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"size is {size}; use 16 to 256 pixels.");
        (this.trainCount, this.testCount, this.size, this.seed) = (trainCount, testCount, size, seed);
    }

    /// <inheritdoc/>
    public string Name => "shapes";

    /// <inheritdoc/>
    public ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default) =>
        new(Generate(trainCount, 0, cancellation), Generate(testCount, 1, cancellation));

    /// <summary>Image i depends on (seed, split, i) alone, so the number of threads and of images changes
    /// nothing.</summary>
    private ImageSet Generate(int count, ulong split, CancellationToken cancellation)
    {
        var classes = ShapeForms.Classes.Length;
        var pixels = new PixelBlock(count, 3, size, size);
        Parallel.For(
            0,
            count,
            new ParallelOptions { CancellationToken = cancellation },
            i =>
            {
                var random = SplitMix.Of((ulong)seed * 2 + split, (ulong)i);
                new ShapePainter(size, random).Paint(i % classes, pixels.Image(i));
            }
        );
        var labels = Enumerable.Range(0, count).Select(i => (long)(i % classes)).ToArray();
        return pixels.ToImageSet(labels, ShapeForms.Classes.Select(form => form.Name).ToArray());
    }
}
