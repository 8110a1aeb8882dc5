using SimCLR.Core.Runtime;
using TorchSharp.Modules;

namespace SimCLR.Core.Optimizers;

/// <summary>An optimizer and its constants as a value. The learning rate is not among them: a <see cref="Schedule"/> gives it per step.</summary>
/// <remarks>
/// ExcludeBiasAndNorm leaves every parameter of at most one dimension (biases; scale and shift of batch and layer norm) out of
/// weight decay and, in LARS, of adaptation.
/// </remarks>
public abstract record OptimizerSpec
{
    /// <summary>An optimizer of these parameters, its state filled with 0. The caller disposes it.</summary>
    /// <param name="parameters">Names (unique) and parameters, as named_parameters() gives them, already on their device.</param>
    /// <exception cref="ArgumentException">No parameters, or a name twice.</exception>
    public abstract IOptimizer Create(IEnumerable<(string name, Parameter parameter)> parameters);

    private protected static double Decay(double value) =>
        Require.NotNegative(value, "WeightDecay", "The SimCLR paper uses 1e-6; 0 turns it off.");

    private protected static double Beta(double value, string name) =>
        Require.Fraction(value, name, "Usual are 0.9 for momentum and Beta1, 0.999 for Beta2.");
}

/// <summary>SGD with momentum, as PyTorch defines it (the learning rate outside the velocity).</summary>
public sealed record SgdSpec(
    double Momentum = 0.9,
    bool Nesterov = false,
    double WeightDecay = 0,
    bool ExcludeBiasAndNorm = false
) : OptimizerSpec
{
    /// <summary>Share of the velocity that is kept, in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in [0, 1).</exception>
    public double Momentum
    {
        get;
        init => field = Beta(value, nameof(Momentum));
    } = Beta(Momentum, nameof(Momentum));

    /// <summary>Nesterov's form of momentum, as in the paper's fine-tuning (B.5).</summary>
    public bool Nesterov { get; init; } = Nesterov;

    /// <summary>Added to the gradient as this times the weight; finite, 0 or more.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or below 0.</exception>
    public double WeightDecay
    {
        get;
        init => field = Decay(value);
    } = Decay(WeightDecay);

    /// <summary>Whether biases and norms have no decay.</summary>
    public bool ExcludeBiasAndNorm { get; init; } = ExcludeBiasAndNorm;

    /// <inheritdoc/>
    public override IOptimizer Create(IEnumerable<(string name, Parameter parameter)> parameters) =>
        new Sgd(this, parameters);
}

/// <summary>
/// LARS (You et al., arXiv 1708.03888) as google-research/simclr uses it: with g' = g + d w and trust = c |w| / |g'| (1 if either
/// norm is 0), v = m v + rate · trust · g', w -= v.
/// </summary>
/// <remarks>
/// The learning rate is inside the velocity. PyTorch ports put it outside, which differs while the rate changes. Excluded
/// parameters have no decay and trust 1.
/// </remarks>
public sealed record LarsSpec(
    double Momentum = 0.9,
    double WeightDecay = 1e-6,
    double TrustCoefficient = 0.001,
    bool ExcludeBiasAndNorm = true
) : OptimizerSpec
{
    /// <summary>Share of the velocity that is kept, in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in [0, 1).</exception>
    public double Momentum
    {
        get;
        init => field = Beta(value, nameof(Momentum));
    } = Beta(Momentum, nameof(Momentum));

    /// <summary>Added to the gradient as this times the weight, before the norm is taken; finite, 0 or more.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or below 0.</exception>
    public double WeightDecay
    {
        get;
        init => field = Decay(value);
    } = Decay(WeightDecay);

    /// <summary>Length of a step relative to the weight's norm; finite and above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double TrustCoefficient
    {
        get;
        init => field = Coefficient(value);
    } = Coefficient(TrustCoefficient);

    /// <summary>Whether biases and norms are left out of decay and adaptation.</summary>
    public bool ExcludeBiasAndNorm { get; init; } = ExcludeBiasAndNorm;

    /// <inheritdoc/>
    public override IOptimizer Create(IEnumerable<(string name, Parameter parameter)> parameters) =>
        new Lars(this, parameters);

    private static double Coefficient(double value) =>
        Require.Positive(value, nameof(TrustCoefficient), "The reference uses 0.001.");
}
