using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>The views of some of a batch's images.</summary>
internal sealed class ViewsOfPart(ViewPairs pairs, long start, long count)
{
    private readonly Tensor all = pairs.Views(start, count);

    /// <summary>Number of the first of these images in the batch.</summary>
    internal long Start => start;

    /// <summary>Those views, one below the other: [views · count, C, H, W].</summary>
    internal Tensor At(IReadOnlyList<int> views)
    {
        if (views is [0, 1])
            return all;
        var each = all.chunk(2);
        return views.Count == 1 ? each[views[0]] : cat([.. views.Select(view => each[view])]);
    }
}

/// <summary>The passes of a step's views through the branches of its method.</summary>
internal sealed class BranchPasses(IMethod method, RandomStreams streams, long step, Precision precision, Device device)
    : IDisposable
{
    private readonly Dictionary<Branch, List<Tensor>> seen = [];
    private readonly List<GroupStatistics> moved = [];

    /// <summary>Whether somebody observes the representations.</summary>
    internal bool Observes { get; init; }

    /// <summary>What a branch makes of its views, one below the other; without a graph where it has no gradient.</summary>
    /// <param name="branch">Which branch.</param>
    /// <param name="views">Of which images.</param>
    /// <param name="observed">Whether the observer sees this pass; false where another one over the same images follows.</param>
    internal Embedding Embed(Branch branch, ViewsOfPart views, bool observed = true)
    {
        using var scope = NewDisposeScope();
        using var mode = branch.WithGradient ? null : no_grad();
        // Float64 is for tests of exactness.
        var images = views.At(branch.Views).to_type(branch.Networks.Type);
        var (h, z) = branch.NormGroups > 1 ? InGroups(branch, images, views.Start) : Forward(branch.Networks, images);
        if (Observes && observed && branch.Networks == method.Evaluated)
            Note(branch, h.detach().to_type(ScalarType.Float32));
        return z.Select(output => output.MoveToOuterDisposeScope());
    }

    /// <summary>All that was observed, float32, without a graph: view after view, [views · N, D]; null where nothing was.</summary>
    internal Tensor? Seen()
    {
        if (seen.Count == 0)
            return null;
        var views =
            from entry in seen
            let parts = entry.Value.Select(part => part.chunk(entry.Key.Views.Count)).ToList()
            from view in Enumerable.Range(0, entry.Key.Views.Count)
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

    /// <summary>Each group by itself.</summary>
    private (Tensor H, Embedding Z) InGroups(Branch branch, Tensor images, long start)
    {
        var order = branch.Shuffled ? Shuffle(images.shape[0], start) : null;
        var statistics = new GroupStatistics(branch.Networks);
        var passes = new List<(Tensor H, Embedding Z)>();
        foreach (var group in (order is null ? images : images.index_select(0, order)).chunk(branch.NormGroups))
        {
            passes.Add(Forward(branch.Networks, group));
            statistics.Add();
        }
        moved.Add(statistics);
        var (h, z) = (cat([.. passes.Select(pass => pass.H)]), Embedding.Join([.. passes.Select(pass => pass.Z)]));
        if (order is null)
            return (h, z);
        var back = order.argsort();
        return (h.index_select(0, back), z.Select(output => output.index_select(0, back)));
    }

    /// <summary>The same order whenever the same images pass.</summary>
    private Tensor Shuffle(long count, long start)
    {
        using var generator = streams.At($"{RandomStreams.Shuffle} {start}", step);
        return DeviceCopy.Of(randperm(count, generator: generator), device);
    }
}
