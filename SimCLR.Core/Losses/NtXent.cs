using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// NT-Xent, the loss of SimCLR (arXiv 2002.05709, Equation 1 and Algorithm 1): each of the 2N views must pick the other view
/// of its image among the 2N - 1 other views.
/// </summary>
/// <remarks>
/// The mean over all 2N anchors, as the paper writes it. The code of google-research/simclr adds the means of the two
/// directions, which is twice this: its learning rates of SGD are to be doubled here (LARS takes no notice). At chance it is
/// <see cref="LossBound.AtChance"/>. It is not scaled by the temperature.
/// </remarks>
public sealed record NtXent(double Temperature = 0.5, bool Normalize = true, long BlockSize = 0) : ILoss
{
    /// <summary>Most views whose similarities are made whole when the choice is automatic.</summary>
    private const long WholeViews = 2048;

    /// <summary>Divides the similarities. Finite and above 0; the paper tries 0.05 to 1, and 10 to 100 without normalisation.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double Temperature
    {
        get;
        init => field = Check(value);
    } = Check(Temperature);

    /// <summary>Whether similarities are cosines (the paper's choice) or plain dot products (Table 5, last rows).</summary>
    public bool Normalize { get; init; } = Normalize;

    /// <summary>
    /// Rows of the [2N, 2N] similarities that are in memory at once, forward and backward. 0 chooses: all up to N = 1024, above
    /// that blocks of at most 2^25 elements (128 MiB in float32). The loss of blocks cannot be differentiated twice.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 0.</exception>
    public long BlockSize
    {
        get;
        init => field = CheckBlock(value);
    } = CheckBlock(BlockSize);

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var z = Embeddings.Stack(viewA, viewB, Normalize);
        var views = z.shape[0];
        var whole = BlockSize == 0 ? views <= WholeViews : views <= BlockSize;
        var rows = BlockSize == 0 ? NtXentBlocks.AutomaticRows(views) : BlockSize;
        var loss = whole ? Whole(z) : NtXentBlocks.Compute(z, Temperature, rows);
        return loss.MoveToOuterDisposeScope();
    }

    private Tensor Whole(Tensor z)
    {
        var similarities = Embeddings.Similarities(z, Temperature);
        // Self-similarity is masked out before the (stabilised) log-softmax. Subtracting its exponential afterwards would
        // cancel all digits at small temperatures.
        var logits = similarities.masked_fill(Embeddings.SelfMask(z), double.NegativeInfinity);
        return nn.functional.cross_entropy(logits, Embeddings.Positives(z));
    }

    private static double Check(double value) =>
        Require.Positive(value, nameof(Temperature), "The paper uses 0.1 on ImageNet and 0.5 on CIFAR-10.");

    private static long CheckBlock(long value) =>
        Require.NotNegative(value, nameof(BlockSize), "Use 0 to let the loss choose.");
}
