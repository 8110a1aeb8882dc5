using SimCLR.Core.Distributed;
using SimCLR.Core.Encoders;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>The views of some of a batch's images.</summary>
internal sealed class ViewsOfPart(BatchViews views, long start, long count)
{
    private readonly Tensor[] made = [.. views.BySize.Select((_, size) => views.Views(start, count, size))];

    /// <summary>Number of the first of these images in the batch.</summary>
    internal long Start => start;

    /// <summary>Those views, all of one size, one below the other: [views · count, C, H, W].</summary>
    internal Tensor At(IReadOnlyList<int> numbers)
    {
        var size = views.BySize.ToList().FindIndex(alike => alike.Contains(numbers[0]));
        var alike = views.BySize[size];
        var all = made[size];
        if (numbers.SequenceEqual(alike))
            return all;
        var each = all.chunk(alike.Count);
        Tensor[] chosen = [.. numbers.Select(number => each[alike.ToList().IndexOf(number)])];
        return chosen is [var single] ? single : cat(chosen);
    }
}

/// <summary>The passes of a step's views through the branches of its method.</summary>
internal sealed class BranchPasses(
    IMethod method,
    RandomStreams streams,
    long step,
    Precision precision,
    Device device,
    BatchShare share
) : IDisposable
{
    private readonly Dictionary<Branch, List<Tensor>> seen = [];
    private readonly List<GroupStatistics> moved = [];

    /// <summary>Whether somebody observes the representations.</summary>
    internal bool Observes { get; init; }

    /// <summary>Groups that batch norm sees each by itself, of branches that have none of their own.</summary>
    internal int NormGroups { get; init; } = 1;

    /// <summary>What a branch makes of its views, one below the other; without a graph where it has no gradient.</summary>
    /// <param name="branch">Which branch.</param>
    /// <param name="views">Of which images.</param>
    /// <param name="observed">Whether the observer sees this pass; false where another one over the same images follows.</param>
    internal Embedding Embed(Branch branch, ViewsOfPart views, bool observed = true)
    {
        using var scope = NewDisposeScope();
        using var mode = branch.WithGradient ? null : no_grad();
        var (encoder, head) = (branch.Networks.Encoder, branch.Networks.Head);
        using var drawn = Dropped.Draws(encoder, head, streams, Stream(branch, views.Start), step);
        // Float64 is for tests of exactness.
        var images = views.At(branch.Views).to_type(branch.Networks.Type);
        var groups = branch.NormGroups > 1 ? branch.NormGroups : NormGroups;
        var (h, z) = groups > 1 ? InGroups(branch, groups, images, views.Start) : Forward(branch.Networks, images);
        if (Observes && observed && branch.Networks == method.Evaluated)
            Note(branch, h.detach().to_type(ScalarType.Float32));
        return z.Select(output => output.MoveToOuterDisposeScope());
    }

    /// <summary>All that was observed of the first two views, float32, without a graph: view after view, [views · N, D]; null where nothing was. Further views
    /// show less of an image than what is measured.</summary>
    internal Tensor? Seen()
    {
        if (seen.Count == 0)
            return null;
        var views =
            from entry in seen
            let parts = entry.Value.Select(part => part.chunk(entry.Key.Views.Count)).ToList()
            from view in Enumerable.Range(0, entry.Key.Views.Count)
            where entry.Key.Views[view] < 2
            from part in parts
            select part[view];
        return cat([.. views]);
    }

    /// <summary>To be called when the gradient of what was embedded has gone back: running statistics of groups come to rest.</summary>
    internal void Settle()
    {
        moved.ForEach(statistics => statistics.Settle());
        moved.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in seen.Values.SelectMany(parts => parts))
            tensor.Dispose();
    }

    private void Note(Branch branch, Tensor h)
    {
        if (!seen.TryGetValue(branch, out var parts))
            seen[branch] = parts = [];
        parts.Add(h.alias().DetachFromDisposeScope());
    }

    private (Tensor H, Embedding Z) Forward(Networks networks, Tensor images)
    {
        Tensor h;
        Embedding z;
        using (Autocast.Enter(precision, device))
        {
            h = networks.Encoder.forward(MemoryLayout.ChannelsLast(images));
            var projection = networks.Head.forward(h);
            z = new Embedding(projection, networks.Predictor?.forward(projection));
        }
        return (
            h,
            z.Select(output => output.dtype == ScalarType.Float64 ? output : output.to_type(ScalarType.Float32))
        );
    }

    /// <summary>Each group by itself: all views of its images. A rank has whole groups.</summary>
    private (Tensor H, Embedding Z) InGroups(Branch branch, int groups, Tensor images, long start)
    {
        var (networks, ranks) = (branch.Networks, share.Ranks);
        var order = branch.Shuffled ? Shuffle(images.shape[0] * ranks.Size, start * ranks.Size) : null;
        var statistics = new GroupStatistics(networks, ranks);
        var passes = new List<(Tensor H, Embedding Z)>();
        var views = (order is null ? images : Shuffled(images, order)).chunk(branch.Views.Count);
        networks.Join(Alone.Instance);
        foreach (var group in Groups(views, groups / ranks.Size))
        {
            passes.Add(Forward(networks, group));
            statistics.Add();
        }
        networks.Join(ranks);
        moved.Add(statistics);
        var (h, z) = (
            ByView([.. passes.Select(pass => pass.H)], views.Length),
            Embedding.Join([.. passes.Select(pass => pass.Z)], outputs => ByView(outputs, views.Length))
        );
        return order is null ? (h, z) : (InOrder(h, order), z.Select(output => InOrder(output, order)));
    }

    /// <summary>So many groups of images, each with the group's part of every view, one below the other.</summary>
    private static IEnumerable<Tensor> Groups(Tensor[] views, int count)
    {
        var parts = views.Select(view => view.chunk(count)).ToList();
        return parts[0]
            .Select((_, group) => parts.Count == 1 ? parts[0][group] : cat([.. parts.Select(part => part[group])]));
    }

    /// <summary>What was made of the groups: all of the first view, then all of the next.</summary>
    private static Tensor ByView(Tensor[] groups, int views) =>
        views == 1
            ? cat(groups)
            : cat([.. Enumerable.Range(0, views).SelectMany(view => groups.Select(group => group.chunk(views)[view]))]);

    /// <summary>This rank's images after all ranks' have changed places.</summary>
    private Tensor Shuffled(Tensor images, Tensor order)
    {
        var (count, ranks) = (images.shape[0], share.Ranks);
        var all = ranks.Size == 1 ? images : ranks.AllGather(images);
        return all.index_select(0, order.narrow(0, ranks.Rank * count, count));
    }

    /// <summary>What was made of this rank's own images, by whichever rank.</summary>
    private Tensor InOrder(Tensor shuffled, Tensor order)
    {
        var (count, ranks) = (shuffled.shape[0], share.Ranks);
        var all = ranks.Size == 1 ? shuffled : ranks.AllGather(shuffled);
        return all.index_select(0, order.argsort().narrow(0, ranks.Rank * count, count));
    }

    /// <summary>Names the same stream whenever the same images pass the same branch: gradient caching passes them twice.</summary>
    private string Stream(Branch branch, long start) =>
        $"{RandomStreams.Dropped} {method.Branches.ToList().IndexOf(branch)} {start} {share.Ranks.Rank}";

    /// <summary>The same order whenever the same images pass.</summary>
    private Tensor Shuffle(long count, long start)
    {
        using var generator = streams.At($"{RandomStreams.Shuffle} {start}", step);
        return DeviceCopy.Of(randperm(count, device: CPU, generator: generator), device);
    }
}
