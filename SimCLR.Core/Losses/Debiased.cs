using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Debiased contrastive loss (Chuang et al., arXiv 2007.00224, Equation 8): corrects the negatives for those that share the
/// anchor's class. Values match the authors' implementation (chingyaoc/DCL).
/// </summary>
/// <remarks>
/// With n = 2N - 2 negatives of both views, e+ and e- the exponentials of the similarities of normalised vectors over temperature,
/// the mean over the 2N anchors of -log(e+ / (e+ + max((sum e- - prior n e+) / (1 - prior), n e^(-1/t)))).
/// </remarks>
public sealed record Debiased(double Temperature = 0.5, double PositivePrior = 0.1) : ILoss
{
    /// <summary>Divides the similarities. Finite and above 0; the authors use 0.5.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double Temperature
    {
        get;
        init => field = CheckTemperature(value);
    } = CheckTemperature(Temperature);

    /// <summary>Probability that a negative is of the anchor's class (tau plus), in [0, 1). 0 corrects nothing; 0.1 suits 10 classes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in [0, 1).</exception>
    public double PositivePrior
    {
        get;
        init => field = CheckPrior(value);
    } = CheckPrior(PositivePrior);

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null) =>
        ReweightedNegatives.Loss(viewA, viewB, Temperature, PositivePrior, hardness: 0);

    internal static double CheckTemperature(double value) =>
        Require.Positive(value, nameof(Temperature), "The authors use 0.5.");

    internal static double CheckPrior(double value) =>
        Require.Fraction(value, nameof(PositivePrior), "Use 1 / classes, 0 for no correction.");
}
