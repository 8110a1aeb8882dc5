using SimCLR.Core.Losses;
using static TorchSharp.torch;

namespace SimCLR.Core.Differentiation;

/// <summary>A loss that is a function of values: what is differentiated and checked in float64 is trained with as it is.</summary>
/// <param name="compute">Of the embeddings of both views, a matrix each, to a number.</param>
public sealed class ValueLoss(Func<Value, Value, Value> compute) : ILoss
{
    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        using var _ = Value.Like(viewA);
        return compute(new(viewA), new(viewB)).Tensor.MoveToOuterDisposeScope();
    }
}
