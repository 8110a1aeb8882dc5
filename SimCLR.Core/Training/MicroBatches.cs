namespace SimCLR.Core.Training;

/// <summary>
/// Gradient caching (Gao et al. 2021, 2101.06983): a batch goes through the encoder in parts, in little memory, and the loss sees all of it.
/// First all parts are embedded without graph; the loss gives the gradient of every embedding; then each part is embedded again,
/// with the same views, and takes its embeddings' gradient back to the weights. The gradient is exactly that of one graph over all parts.
/// </summary>
/// <remarks>
/// What differs from a batch in one part is batch norm: it sees the views of a part, not those of the whole batch, as on several
/// devices without synchronized statistics. With <paramref name="FreezeBatchNorm"/> it uses its running statistics, which then stay as they are, and
/// the gradient is that of the whole batch.
/// </remarks>
/// <param name="Size">Images of a part, 2 or more; the last part of a batch may be smaller.</param>
/// <param name="FreezeBatchNorm">Batch norm computes with its running statistics and does not move them.</param>
public sealed record MicroBatches(int Size, bool FreezeBatchNorm = false);
