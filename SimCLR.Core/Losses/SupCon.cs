using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Supervised contrastive loss (Khosla et al., arXiv 2004.11362, L_out, Equation 2): the mean over the 2N anchors of the mean
/// over their positives (the other view and both views of every image of the class) of the cross-entropy among the 2N - 1 others.
/// </summary>
/// <remarks>
/// Normalised vectors; not scaled by the temperature (the authors' code multiplies by temperature / base temperature, which is 1
/// by default). With no class twice in the batch it equals <see cref="NtXent"/>.
/// </remarks>
public sealed record SupCon(double Temperature = 0.1) : ILoss
{
    /// <summary>Divides the similarities. Finite and above 0; the authors use 0.1 (0.07 in their code).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double Temperature
    {
        get;
        init => field = Check(value);
    } = Check(Temperature);

    /// <inheritdoc/>
    /// <exception cref="ArgumentNullException">No labels.</exception>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        if (labels is null)
            throw new ArgumentNullException(
                nameof(labels),
                "SupCon needs the classes of the images, [N] int64. Use NtXent without labels."
            );
        using var scope = NewDisposeScope();
        var z = Embeddings.Stack(viewA, viewB, normalize: true);
        CheckLabels(labels, viewA.shape[0]);
        var classes = labels.to(z.device).repeat(2);
        var self = Embeddings.SelfMask(z);
        var positives = classes.unsqueeze(0).eq(classes.unsqueeze(1)).logical_and(self.logical_not()).to(z.dtype);
        var similarities = Embeddings.Similarities(z, Temperature);
        var others = similarities.masked_fill(self, double.NegativeInfinity).logsumexp(1, false);
        var attraction = (similarities * positives).sum(1) / positives.sum(1);
        return (others - attraction).mean().MoveToOuterDisposeScope();
    }

    private static void CheckLabels(Tensor labels, long count)
    {
        if (labels.dtype != ScalarType.Int64 || labels.dim() != 1 || labels.shape[0] != count)
            throw new ArgumentException(
                $"The labels are {labels.dtype} [{string.Join(", ", labels.shape)}]; they must be Int64 [{count}], one per image.",
                nameof(labels)
            );
    }

    private static double Check(double value) => Require.Positive(value, nameof(Temperature), "The authors use 0.1.");
}
