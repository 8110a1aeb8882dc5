using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// The normalized temperature-scaled cross-entropy (SimCLR, equation 1): each of the 2N views is an anchor, its other view the
/// positive, the 2N - 2 others negatives; the mean over anchors. The reference code sums the two directions' means, twice this. With negatives of
/// one view, as the paper has it where it compares losses (appendix B.10), the N first views are the anchors, and the N - 1 second views of other images
/// their negatives.
/// </summary>
/// <remarks>Large batches are computed in blocks of rows, so that the [2N, 2N] similarities are never whole in memory; blocks
/// cannot be differentiated twice.</remarks>
public sealed record NtXent : ILoss
{
    private const long WholeViews = 2048;

    /// <summary>Makes the loss.</summary>
    /// <param name="temperature">Above 0; similarities are divided by it.</param>
    /// <param name="normalize">Cosine similarity (true, the paper's) or the plain dot product.</param>
    /// <param name="blockRows">Rows of the similarities in memory at once, 1 or more; null: all up to N = 1024, above that what fits 128 MiB of float32.</param>
    /// <param name="oneView">Whether negatives are of one view alone; their similarities, [N, N], are never computed in blocks.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public NtXent(double temperature = 0.5, bool normalize = true, int? blockRows = null, bool oneView = false)
    {
        (Temperature, Normalize, OneView) = (Require.Temperature(temperature), normalize, oneView);
        BlockRows = blockRows is { } rows ? (int)Require.Within("block rows", rows, 1, int.MaxValue, 1024) : null;
    }

    /// <summary>Similarities are divided by it.</summary>
    public double Temperature { get; }

    /// <summary>Whether similarity is the cosine.</summary>
    public bool Normalize { get; }

    /// <summary>Whether negatives are of one view alone.</summary>
    public bool OneView { get; }

    /// <summary>Rows of the similarities in memory at once; null: chosen by size.</summary>
    public int? BlockRows { get; }

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var value = OneView ? OfOneView(viewA, viewB) : OfBothViews(viewA, viewB, null);
        return value.MoveToOuterDisposeScope();
    }

    /// <summary>The loss with more negatives, the same for every anchor (v2, 2006.10029, section 2): constants.</summary>
    /// <param name="viewA">[N, D].</param>
    /// <param name="viewB">[N, D].</param>
    /// <param name="memory">[K, D], normalized where the loss normalizes.</param>
    /// <returns>A scalar, the mean over the 2N anchors.</returns>
    internal Tensor WithMemory(Tensor viewA, Tensor viewB, Tensor memory)
    {
        using var scope = NewDisposeScope();
        return OfBothViews(viewA, viewB, memory.detach()).MoveToOuterDisposeScope();
    }

    private Tensor OfBothViews(Tensor viewA, Tensor viewB, Tensor? memory)
    {
        var z = cat([viewA, viewB]);
        if (Normalize)
            z = nn.functional.normalize(z);
        var (views, device) = (z.shape[0], z.device);
        var columns = views + (memory?.shape[0] ?? 0);
        if (columns > (BlockRows ?? WholeViews))
            return NtXentBlocks.Compute(z, memory, Temperature, BlockRows ?? NtXentBlocks.Rows(columns));
        var self = eye(views, dtype: ScalarType.Bool, device: device);
        var logits = (z.mm(z.t()) / Temperature).masked_fill(self, double.NegativeInfinity);
        if (memory is not null)
            logits = cat([logits, z.mm(memory.t()) / Temperature], 1);
        var positives = (arange(views, device: device) + views / 2).remainder(views);
        return nn.functional.cross_entropy(logits, positives);
    }

    private Tensor OfOneView(Tensor viewA, Tensor viewB)
    {
        if (Normalize)
            (viewA, viewB) = (nn.functional.normalize(viewA), nn.functional.normalize(viewB));
        var logits = viewA.mm(viewB.t()) / Temperature;
        return nn.functional.cross_entropy(logits, arange(viewA.shape[0], device: viewA.device));
    }

    /// <summary>The loss when all embeddings are equal, ln(2N - 1): the positive is as likely as each of the 2N - 2 negatives; of one view ln N. For dot products that are not normalized there is none.</summary>
    /// <param name="count">N, the images of a batch.</param>
    public double? Collapsed(long count) => Normalize ? Math.Log(OneView ? count : 2 * count - 1) : null;
}
