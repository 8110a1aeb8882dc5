using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Contrastive loss with hard negatives (Robinson et al., arXiv 2010.04592): <see cref="Debiased"/>, its negatives weighted by
/// exp(beta s / t). Values match the authors' implementation (joshr17/HCL, images), where the weight carries gradient.
/// </summary>
public sealed record HardNegative(double Temperature = 0.5, double Beta = 1, double PositivePrior = 0.1) : ILoss
{
    /// <summary>Divides the similarities. Finite and above 0; the authors use 0.5.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double Temperature
    {
        get;
        init => field = Debiased.CheckTemperature(value);
    } = Debiased.CheckTemperature(Temperature);

    /// <summary>Concentration on hard negatives, finite, 0 or more. 0 is <see cref="Debiased"/>; the authors use 0.5 to 2.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or below 0.</exception>
    public double Beta
    {
        get;
        init => field = CheckBeta(value);
    } = CheckBeta(Beta);

    /// <summary>Probability that a negative is of the anchor's class (tau plus), in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in [0, 1).</exception>
    public double PositivePrior
    {
        get;
        init => field = Debiased.CheckPrior(value);
    } = Debiased.CheckPrior(PositivePrior);

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null) =>
        ReweightedNegatives.Loss(viewA, viewB, Temperature, PositivePrior, Beta);

    private static double CheckBeta(double value) =>
        Require.NotNegative(value, nameof(Beta), "0 weighs all negatives alike.");
}
