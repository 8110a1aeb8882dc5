using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>A loss that a function of both views' embeddings computes.</summary>
/// <param name="compute">Of [N, D] and [N, D], to a scalar. What it makes on the way ends with the call.</param>
public sealed class FunctionLoss(Func<Tensor, Tensor, Tensor> compute) : ILoss
{
    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        return compute(viewA, viewB).MoveToOuterDisposeScope();
    }
}
