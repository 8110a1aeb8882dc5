using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>A loss of two views' embeddings: a pure function.</summary>
public interface ILoss
{
    /// <summary>The loss of a batch.</summary>
    /// <param name="viewA">Head outputs of the first view, [N, D], float32 or float64.</param>
    /// <param name="viewB">Head outputs of the second view, [N, D], of the same images and type.</param>
    /// <param name="labels">[N], int64; only supervised losses read them.</param>
    /// <returns>A scalar.</returns>
    Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null);

    /// <summary>The loss when all embeddings are equal; null where no such value tells a training that learns nothing.</summary>
    /// <param name="count">N, the images of a batch.</param>
    double? Collapsed(long count) => null;
}
