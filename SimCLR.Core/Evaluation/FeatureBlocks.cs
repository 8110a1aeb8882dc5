using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// The blocks of features that are passed many times. A single one is standardized once and kept; of several one at a time is in memory, and standardized
/// again in every pass.
/// </summary>
internal sealed class FeatureBlocks
{
    private readonly List<(long Start, long Count)> blocks;
    private readonly Tensor? only;

    /// <summary>Blocks of features, the single one in the caller's dispose scope.</summary>
    /// <param name="rows">The features.</param>
    /// <param name="type">The blocks' type.</param>
    /// <param name="scores">Scores of every row, which take memory beside the block.</param>
    internal FeatureBlocks(FeatureRows rows, ScalarType type, long scores)
    {
        (Rows, Type) = (rows, type);
        blocks = [.. rows.Blocks(scores)];
        if (blocks is [var (start, count)])
            only = rows.Block(start, count, type);
    }

    internal FeatureRows Rows { get; }
    internal ScalarType Type { get; }

    /// <summary>Passes every block, [count, D + 1], with its first row; what is made of it is disposed.</summary>
    internal void Each(Action<Tensor, long> use)
    {
        foreach (var (start, count) in blocks)
        {
            using var scope = NewDisposeScope();
            use(only ?? Rows.Block(start, count, Type), start);
        }
    }
}
