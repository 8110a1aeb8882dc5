using SimCLR.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>Ranks that exchange in a wrong way, one at a time. Statistics of batch norm are single rows, [1, 2C + 1]; embeddings have a row for each image;
/// gradients are the longest sums.</summary>
internal sealed class FaultyRanks(ICollective ranks) : ICollective
{
    private const long LongestStatistics = 64;

    internal bool AveragesGradients { get; init; }

    internal bool KeepsGradients { get; init; }

    internal bool KeepsStatistics { get; init; }

    /// <summary>The sums that batch norm's way back needs are each rank's own.</summary>
    internal bool KeepsNormGradients { get; init; }

    /// <summary>The variance is the mean of the ranks' variances, as if their means were equal.</summary>
    internal bool ForgetsMeans { get; init; }

    internal bool KeepsRows { get; init; }

    internal bool Interleaves { get; init; }

    public string Name => ranks.Name;

    public int Rank => ranks.Rank;

    public int Size => ranks.Size;

    public void AllReduceSum(Tensor values)
    {
        var areGradients = values.numel() > LongestStatistics;
        using var own = values.detach().clone();
        ranks.AllReduceSum(values);
        using var noGrad = no_grad();
        if (areGradients && AveragesGradients)
            values.div_(Size);
        if ((areGradients && KeepsGradients) || (!areGradients && KeepsStatistics))
            values.copy_(areGradients ? own : own * Size);
        if (!areGradients && KeepsNormGradients)
            values.copy_(own);
    }

    public Tensor AllGather(Tensor rows)
    {
        var all = ranks.AllGather(rows);
        var areStatistics = rows.shape[0] == 1;
        if (areStatistics && ForgetsMeans)
            TakeBetween(all);
        if (areStatistics ? KeepsStatistics : KeepsRows)
            return cat([.. Enumerable.Repeat(rows.detach(), Size)]);
        return Interleaves && !areStatistics
            ? all.view([Size, rows.shape[0], .. rows.shape[1..]]).transpose(0, 1).reshape(all.shape)
            : all;
    }

    /// <summary>Takes the part of the squared deviations that lies between ranks, which is added later, from those of the first.</summary>
    private static void TakeBetween(Tensor statistics)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var channels = (statistics.shape[1] - 1) / 2;
        var means = statistics.narrow(1, 0, channels);
        var counts = statistics.narrow(1, 2 * channels, 1);
        var mean = (counts * means).sum([0]) / counts.sum();
        statistics[0].narrow(0, channels, channels).sub_((counts * (means - mean).square()).sum([0]));
    }

    public void Broadcast(Tensor values) => ranks.Broadcast(values);

    public void Barrier() => ranks.Barrier();

    public void Abort(string why) => ranks.Abort(why);

    public void Dispose() { }
}
