using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>One process that computes by itself.</summary>
public sealed class Alone : ICollective
{
    /// <summary>The only instance.</summary>
    public static readonly Alone Instance = new();

    private Alone() { }

    /// <inheritdoc/>
    public string Name => "one process";

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public void AllReduceSum(Tensor values) { }

    /// <inheritdoc/>
    public Tensor AllGather(Tensor rows) => rows.detach();

    /// <inheritdoc/>
    public void Broadcast(Tensor values) { }

    /// <inheritdoc/>
    public void Barrier() { }

    /// <inheritdoc/>
    public void Abort(string why) { }

    /// <inheritdoc/>
    public void Dispose() { }
}
