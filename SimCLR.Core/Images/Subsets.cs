using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Chooses images by class.</summary>
internal static class Subsets
{
    /// <summary>Indices, ascending, of the first images of every class, in turns until there are enough.</summary>
    internal static Tensor Balanced(ImageSet images, long count)
    {
        if (count < 1 || count > images.Count)
            throw new ArgumentOutOfRangeException(
                nameof(count),
                count,
                $"count is {count}, but there are {images.Count} images; use 1 to {images.Count}."
            );
        var seen = new Dictionary<long, long>();
        var chosen = Labels(images)
            .Select((label, index) => (index: (long)index, turn: seen[label] = seen.GetValueOrDefault(label) + 1))
            .OrderBy(image => image.turn) // stable: of one turn, those that come first
            .Take((int)count)
            .Select(image => image.index);
        return Indices(images, chosen);
    }

    /// <summary>Indices, ascending, of those kept and of those held out.</summary>
    internal static (Tensor Kept, Tensor Held) HoldOut(ImageSet images, double fraction, Generator generator)
    {
        if (!(fraction > 0 && fraction < 1))
            throw new ArgumentOutOfRangeException(
                nameof(fraction),
                fraction,
                $"fraction is {fraction}; use one between 0 and 1, for example 0.1."
            );
        using var order = randperm(images.Count, generator: generator);
        var labels = Labels(images);
        var held = order
            .data<long>()
            .ToArray()
            .GroupBy(index => labels[index])
            .SelectMany(group =>
            {
                var size = group.Count();
                return group.Take((int)Math.Clamp(Math.Round(fraction * size), Math.Min(1, size - 1), size - 1));
            })
            .ToHashSet();
        var all = Enumerable.Range(0, (int)images.Count).Select(index => (long)index).ToList();
        return (Indices(images, all.Where(index => !held.Contains(index))), Indices(images, all.Where(held.Contains)));
    }

    private static long[] Labels(ImageSet images)
    {
        using var labels = images.Labels.cpu();
        return labels.data<long>().ToArray();
    }

    private static Tensor Indices(ImageSet images, IEnumerable<long> indices) =>
        tensor(indices.Order().ToArray(), device: images.Images.device);
}
