using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Features in blocks of rows, standardized as they are read, with a column of ones behind them: beside the features themselves no more than a
/// block is in memory.
/// </summary>
/// <param name="H">[N, D], float32 or float64.</param>
/// <param name="Mean">[1, D], float64, subtracted; null: nothing is.</param>
/// <param name="Scale">[1, D], float64, divided by; null: nothing is.</param>
internal sealed record FeatureRows(Tensor H, Tensor? Mean = null, Tensor? Scale = null)
{
    /// <summary>Numbers of a block and of its scores together: 128 MiB in float64.</summary>
    private const long BlockNumbers = 1L << 24;
    private const long LeastRows = 1024;

    /// <summary>Rows of a block; null: as many as fit.</summary>
    internal long? RowsAtOnce { get; init; }

    internal long Count => H.shape[0];
    internal long Dimensions => H.shape[1];

    /// <summary>The features with their own mean and deviation, which are found in float64, block by block.</summary>
    internal static FeatureRows Standardized(Tensor h, long? rowsAtOnce = null)
    {
        using var scope = NewDisposeScope();
        var rows = new FeatureRows(h) { RowsAtOnce = rowsAtOnce };
        var mean = rows.Sum(block => block) / h.shape[0];
        var deviation = (rows.Sum(block => block.sub_(mean).square()) / h.shape[0]).sqrt_().clamp_min(1e-6);
        return rows with { Mean = mean.MoveToOuterDisposeScope(), Scale = deviation.MoveToOuterDisposeScope() };
    }

    /// <summary>First row and number of rows of each block, where every row has so many scores, too.</summary>
    internal IEnumerable<(long Start, long Count)> Blocks(long scores)
    {
        var rows = RowsAtOnce ?? Math.Max(LeastRows, BlockNumbers / (Dimensions + scores));
        for (var start = 0L; start < Count; start += rows)
            yield return (start, Math.Min(rows, Count - start));
    }

    /// <summary>Some rows, [count, D + 1], of that type.</summary>
    internal Tensor Block(long start, long count, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var block = empty([count, Dimensions + 1], type, H.device);
        var features = block.narrow(1, 0, Dimensions).copy_(H.narrow(0, start, count));
        if (Mean is not null)
            features.sub_(Mean);
        if (Scale is not null)
            features.div_(Scale);
        block.narrow(1, Dimensions, 1).fill_(1);
        return block.MoveToOuterDisposeScope();
    }

    private Tensor Sum(Func<Tensor, Tensor> of)
    {
        using var scope = NewDisposeScope();
        var sum = zeros([1, Dimensions], ScalarType.Float64, H.device);
        foreach (var (start, count) in Blocks(0))
        {
            using var block = NewDisposeScope();
            sum.add_(of(H.narrow(0, start, count).to(ScalarType.Float64, copy: true)).sum(0, keepdim: true));
        }
        return sum.MoveToOuterDisposeScope();
    }
}
