using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Decoupled contrastive loss (Yeh et al., arXiv 2110.06848, Equation 6): NT-Xent without the positive in the denominator,
/// -w s+ / t + log sum exp(s- / t) over the 2N - 2 negatives of both views; the mean over the 2N anchors, normalised vectors.
/// Meant for small batches.
/// </summary>
/// <remarks>It can be below 0. w is 1, or, with <see cref="Sigma"/>, the negative von Mises-Fisher weight (DCLW).</remarks>
public sealed record Dcl(double Temperature = 0.1, double? Sigma = null) : ILoss
{
    /// <summary>Divides the similarities. Finite and above 0; the authors use 0.1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double Temperature
    {
        get;
        init => field = CheckTemperature(value);
    } = CheckTemperature(Temperature);

    /// <summary>
    /// If given, the positive term of image i is weighted by 2 - N softmax_i(s+ / sigma) over the batch, which favours pairs that
    /// are still apart (DCLW; the authors use 0.5). The weight carries gradient. Null: no weight.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double? Sigma
    {
        get;
        init => field = CheckSigma(value);
    } = CheckSigma(Sigma);

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var z = Embeddings.Stack(viewA, viewB, normalize: true);
        var positive = Embeddings.PositiveSimilarities(z);
        var negatives = Embeddings
            .Similarities(z, Temperature)
            .masked_fill(Embeddings.SameImageMask(z), double.NegativeInfinity)
            .logsumexp(1, false);
        var attraction = (Weight(positive) * positive).mean() / Temperature;
        return (negatives.mean() - attraction).MoveToOuterDisposeScope();
    }

    private Tensor Weight(Tensor positive) =>
        Sigma is { } sigma
            ? 2 - positive.shape[0] * nn.functional.softmax(positive / sigma, 0)
            : ones([], positive.dtype, positive.device);

    private static double CheckTemperature(double value) =>
        Require.Positive(value, nameof(Temperature), "The authors use 0.1.");

    private static double? CheckSigma(double? value) =>
        value is { } sigma
            ? Require.Positive(sigma, nameof(Sigma), "The authors use 0.5; null turns the weight off.")
            : null;
}
