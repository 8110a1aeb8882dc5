using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// A loss of the embeddings of two views. It is a pure function: no state, no randomness, no read-back to the host.
/// Gradients flow to both views. Losses are immutable and may be shared between runs and threads.
/// </summary>
/// <remarks>
/// Half-precision embeddings are raised to float32 first. An autocast region still lowers the matrix products inside,
/// so call the loss outside of it.
/// </remarks>
public interface ILoss
{
    /// <summary>The loss as a scalar, of the embeddings' type (float32 or float64) and device.</summary>
    /// <param name="viewA">Outputs of the head for the first views, [N, D], not yet normalised, N at least 2.</param>
    /// <param name="viewB">Outputs of the head for the second views, [N, D]; row i is of the same image as row i of <paramref name="viewA"/>.</param>
    /// <param name="labels">Classes, [N], int64. Only <see cref="SupCon"/> reads them.</param>
    /// <exception cref="ArgumentException">The shapes, types or devices do not fit; the message says which.</exception>
    Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null);
}
