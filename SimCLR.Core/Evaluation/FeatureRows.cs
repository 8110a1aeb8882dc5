using SimCLR.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Features in blocks of rows, standardized as they are read, with a column of ones behind them: beside the features themselves no more than a
/// block is in memory. Of several ranks each has some of the rows' blocks; what they sum is summed over all.
/// </summary>
/// <param name="H">[N, D], float32 or float64.</param>
/// <param name="Rows">Which rows of H, [N], int64; null: all.</param>
/// <param name="Mean">[1, D], float64, subtracted; null: nothing is.</param>
/// <param name="Scale">[1, D], float64, divided by; null: nothing is.</param>
internal sealed record FeatureRows(Tensor H, Tensor? Rows = null, Tensor? Mean = null, Tensor? Scale = null)
{
    /// <summary>Numbers of a block and of its scores together: 128 MiB in float64.</summary>
    private const long BlockNumbers = 1L << 24;
    private const long LeastRows = 1024;

    /// <summary>Rows of a block; null: as many as fit.</summary>
    internal long? RowsAtOnce { get; init; }

    /// <summary>Who has the same features.</summary>
    internal ICollective Ranks { get; init; } = Alone.Instance;

    internal long Count => Rows?.shape[0] ?? H.shape[0];
    internal long Dimensions => H.shape[1];

    /// <summary>Features to fit.</summary>
    internal static FeatureRows Of(TrainFeatures train) => new(train.H, train.Rows) { Ranks = train.Ranks };

    /// <summary>The features with their own mean and deviation, which are found in float64, block by block.</summary>
    /// <exception cref="Training.TrainingFailedException">Some features are not finite.</exception>
    internal FeatureRows Standardized()
    {
        using var scope = NewDisposeScope();
        var mean = Sum(block => block) / Count;
        // Float32 numbers do not overflow a float64 sum: the mean tells of all of them, without another look.
        if (!double.IsFinite(mean.sum().ToDouble()))
            Features.RequireFinite(H);
        var deviation = (Sum(block => block.sub_(mean).square()) / Count).sqrt_().clamp_min(1e-6);
        return this with { Mean = mean.MoveToOuterDisposeScope(), Scale = deviation.MoveToOuterDisposeScope() };
    }

    /// <summary>First row and number of rows of each of this rank's blocks, where every row has so many scores, too.</summary>
    internal IEnumerable<(long Start, long Count)> Blocks(long scores)
    {
        var rows = RowsAtOnce ?? Math.Max(LeastRows, BlockNumbers / (Dimensions + scores));
        var (first, end) = (Count * Ranks.Rank / Ranks.Size, Count * (Ranks.Rank + 1) / Ranks.Size);
        for (var start = first; start < end; start += rows)
            yield return (start, Math.Min(rows, end - start));
    }

    /// <summary>Some rows, [count, D + 1], of that type.</summary>
    internal Tensor Block(long start, long count, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var block = empty([count, Dimensions + 1], type, H.device);
        var features = block.narrow(1, 0, Dimensions).copy_(Features.BlockOf(H, Rows, start, count));
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
            var some = Features.BlockOf(H, Rows, start, count).to(ScalarType.Float64, copy: true);
            sum.add_(of(some).sum(0, keepdim: true));
        }
        Ranks.AllReduceSum(sum);
        return sum.MoveToOuterDisposeScope();
    }
}
