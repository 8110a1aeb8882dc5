using SimCLR.Core.Distributed;
using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Views;

namespace SimCLR.Core.Training;

/// <summary>Refuses trainings that could not be done, before anything is.</summary>
internal static class PretrainingCheck
{
    /// <summary>Whether the spec suits itself and the images.</summary>
    /// <exception cref="ArgumentException">It does not; the message says what to give instead.</exception>
    internal static void Of(PretrainingSpec spec, ImageSet train)
    {
        if (spec.BatchSize < 2)
            throw new ArgumentException($"BatchSize is {spec.BatchSize}; a contrastive batch needs 2 images or more.");
        if (spec.BatchSize > train.Count)
            throw new ArgumentException(
                $"BatchSize is {spec.BatchSize}, but there are {train.Count} training images; use at most {train.Count}."
            );
        if (spec.MicroBatches is { Size: < 2 } parts)
            throw new ArgumentException($"MicroBatches.Size is {parts.Size}; use 2 or more.");
        if (spec.NormGroups < 1)
            throw new ArgumentException($"NormGroups is {spec.NormGroups}; use 1 or more.");
        Groups(spec, spec.NormGroups);
        if (spec.Epochs < 1)
            throw new ArgumentException($"Epochs is {spec.Epochs}; use 1 or more.");
        if (train.IsWhole)
            foreach (var view in spec.Views)
                WholeViews.Check(view);
        var input = spec.Shape(train);
        var (a, b) = (spec.ViewA.Output(input), spec.ViewB.Output(input));
        if (a != b)
            throw new ArgumentException(
                $"View A makes {a.Channels}x{a.Height}x{a.Width} and view B {b.Channels}x{b.Height}x{b.Width}; give both the same size."
            );
    }

    /// <summary>Whether a method looks at all views, and a branch of it at views of one size, in even groups of batch norm.</summary>
    /// <param name="spec">The training.</param>
    /// <param name="method">Its method.</param>
    /// <param name="bySize">Numbers of the views, those of one size together.</param>
    /// <exception cref="ArgumentException">It does not.</exception>
    internal static void Branches(PretrainingSpec spec, IMethod method, IReadOnlyList<IReadOnlyList<int>> bySize)
    {
        foreach (var branch in method.Branches)
            Groups(spec, branch.NormGroups);

        foreach (var branch in method.Branches)
            if (!bySize.Any(alike => branch.Views.All(alike.Contains)))
                throw new ArgumentException(
                    $"A branch of the method has the views {Named(branch.Views)}, but those of one size are {string.Join(" and ", bySize.Select(Named))}; "
                        + "make its branches of the context's ViewsBySize."
                );

        var seen = method.Branches.SelectMany(branch => branch.Views).Distinct().Count();
        if (seen < spec.Views.Count && spec.MoreViews.Count > 0)
            throw new ArgumentException(
                $"MoreViews has {spec.MoreViews.Count} views, but the method looks at {seen} of {spec.Views.Count}; leave MoreViews empty, or use a method "
                    + "that looks at all, for example SwAV."
            );

        static string Named(IReadOnlyList<int> views) => $"[{string.Join(", ", views)}]";
    }

    /// <summary>Whether groups of batch norm share every part of a batch evenly.</summary>
    private static void Groups(PretrainingSpec spec, int groups)
    {
        if (groups <= 1 || spec.MicroBatches is { FreezeBatchNorm: true })
            return;
        foreach (var (_, count) in BatchShare.Parts(spec.BatchSize, spec.MicroBatches?.Size ?? spec.BatchSize))
            if (count % groups != 0 || count < 2 * groups)
                throw new ArgumentException(
                    $"NormGroups is {groups}, but {count} images go through together; use a divisor that leaves 2 or more in each group."
                );
    }
}
