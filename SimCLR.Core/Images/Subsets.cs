using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Chooses images, or their representations, by class. Labels are [N], int64; indices are on their device.</summary>
internal static class Subsets
{
    /// <summary>Indices, ascending, of the first images of every class, in turns until there are enough.</summary>
    internal static Tensor Balanced(Tensor labels, long count)
    {
        if (count < 1 || count > labels.shape[0])
            throw new ArgumentOutOfRangeException(
                nameof(count),
                count,
                $"count is {count}, but there are {labels.shape[0]} images; use 1 to {labels.shape[0]}."
            );
        var seen = new Dictionary<long, long>();
        var chosen = Values(labels)
            .Select((label, index) => (index: (long)index, turn: seen[label] = seen.GetValueOrDefault(label) + 1))
            .OrderBy(image => image.turn) // stable: of one turn, those that come first
            .Take((int)count)
            .Select(image => image.index);
        return Indices(labels, chosen);
    }

    /// <summary>Indices, ascending, of a drawn part of the images, the same number of every class as far as there are
    /// enough, at least as many as classes.</summary>
    internal static Tensor BalancedFraction(Tensor labels, double fraction, int classes, Generator generator)
    {
        if (!(fraction > 0 && fraction <= 1))
            throw new ArgumentOutOfRangeException(
                nameof(fraction),
                fraction,
                $"fraction is {fraction}; use one above 0 and up to 1, for example 0.1."
            );
        var all = labels.shape[0];
        using var scope = NewDisposeScope();
        var order = randperm(all, generator: generator).to(labels.device);
        var count = Math.Min(all, Math.Max(classes, (long)Math.Round(fraction * all)));
        var chosen = order.index_select(0, Balanced(labels.index_select(0, order), count));
        return chosen.sort().Values.MoveToOuterDisposeScope();
    }

    /// <summary>Indices, ascending, of those kept and of those held out.</summary>
    internal static (Tensor Kept, Tensor Held) HoldOut(Tensor labels, double fraction, Generator generator)
    {
        if (!(fraction > 0 && fraction < 1))
            throw new ArgumentOutOfRangeException(
                nameof(fraction),
                fraction,
                $"fraction is {fraction}; use one between 0 and 1, for example 0.1."
            );
        using var order = randperm(labels.shape[0], device: CPU, generator: generator);
        var classes = Values(labels);
        var held = order
            .data<long>()
            .ToArray()
            .GroupBy(index => classes[index])
            .SelectMany(group =>
            {
                var size = group.Count();
                return group.Take((int)Math.Clamp(Math.Round(fraction * size), Math.Min(1, size - 1), size - 1));
            })
            .ToHashSet();
        var all = Enumerable.Range(0, classes.Length).Select(index => (long)index).ToList();
        return (Indices(labels, all.Where(index => !held.Contains(index))), Indices(labels, all.Where(held.Contains)));
    }

    private static long[] Values(Tensor labels)
    {
        using var values = labels.cpu();
        return values.data<long>().ToArray();
    }

    private static Tensor Indices(Tensor labels, IEnumerable<long> indices) =>
        tensor(indices.Order().ToArray(), device: labels.device);
}
