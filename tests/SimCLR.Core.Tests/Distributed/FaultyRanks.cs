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
    }

    public Tensor AllGather(Tensor rows)
    {
        var all = ranks.AllGather(rows);
        var areStatistics = rows.shape[0] == 1;
        if (areStatistics ? KeepsStatistics : KeepsRows)
            return cat([.. Enumerable.Repeat(rows.detach(), Size)]);
        return Interleaves && !areStatistics
            ? all.view([Size, rows.shape[0], .. rows.shape[1..]]).transpose(0, 1).reshape(all.shape)
            : all;
    }

    public void Broadcast(Tensor values) => ranks.Broadcast(values);

    public void Barrier() => ranks.Barrier();

    public void Abort(string why) => ranks.Abort(why);

    public void Dispose() { }
}
