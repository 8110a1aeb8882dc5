using SimCLR.Core.Runtime;
using TorchSharp.Modules;

namespace SimCLR.Core.Optimizers;

/// <summary>Adam (Kingma and Ba, arXiv 1412.6980), as PyTorch defines it.</summary>
public sealed record AdamSpec(
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    double WeightDecay = 0,
    bool ExcludeBiasAndNorm = false
) : OptimizerSpec
{
    /// <summary>Share of the gradient's running mean that is kept, in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in [0, 1).</exception>
    public double Beta1
    {
        get;
        init => field = Beta(value, nameof(Beta1));
    } = Beta(Beta1, nameof(Beta1));

    /// <summary>Share of the squared gradient's running mean that is kept, in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in [0, 1).</exception>
    public double Beta2
    {
        get;
        init => field = Beta(value, nameof(Beta2));
    } = Beta(Beta2, nameof(Beta2));

    /// <summary>Added to the root of the squared mean; finite and above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double Epsilon
    {
        get;
        init => field = Require.Positive(value, nameof(Epsilon), "Usual is 1e-8.");
    } = Require.Positive(Epsilon, nameof(Epsilon), "Usual is 1e-8.");

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
        new Adam(new(Beta1, Beta2, Epsilon, WeightDecay, ExcludeBiasAndNorm, Decoupled: false), parameters);
}

/// <summary>AdamW (Loshchilov and Hutter, arXiv 1711.05101), as PyTorch defines it.</summary>
public sealed record AdamWSpec(
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    double WeightDecay = 0.01,
    bool ExcludeBiasAndNorm = false
) : OptimizerSpec
{
    /// <summary>Share of the gradient's running mean that is kept, in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in [0, 1).</exception>
    public double Beta1
    {
        get;
        init => field = Beta(value, nameof(Beta1));
    } = Beta(Beta1, nameof(Beta1));

    /// <summary>Share of the squared gradient's running mean that is kept, in [0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in [0, 1).</exception>
    public double Beta2
    {
        get;
        init => field = Beta(value, nameof(Beta2));
    } = Beta(Beta2, nameof(Beta2));

    /// <summary>Added to the root of the squared mean; finite and above 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not finite or not above 0.</exception>
    public double Epsilon
    {
        get;
        init => field = Require.Positive(value, nameof(Epsilon), "Usual is 1e-8.");
    } = Require.Positive(Epsilon, nameof(Epsilon), "Usual is 1e-8.");

    /// <summary>Shrinks the weight by the learning rate times this, apart from the gradient; finite, 0 or more.</summary>
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
        new Adam(new(Beta1, Beta2, Epsilon, WeightDecay, ExcludeBiasAndNorm, Decoupled: true), parameters);
}
