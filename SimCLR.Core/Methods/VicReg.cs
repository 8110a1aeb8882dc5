using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// VICReg (Bardes et al. 2022, 2105.04906): two views agree, every dimension varies, no two vary together. No negatives, no target, no
/// predictor, no normalization of the embeddings. Both views go through separately.
/// </summary>
/// <param name="Invariance">Weight of the views' squared difference (paper: 25).</param>
/// <param name="Variance">Weight of the variances' hinge, of the mean of both views (official code: 25; solo-learn, and Algorithm 1 of the paper, weigh
/// their sum: 25 there is 50 here).</param>
/// <param name="Covariance">Weight of the covariances, of the sum over both views (1).</param>
public sealed record VicRegSpec(double Invariance = 25, double Variance = 25, double Covariance = 1) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context) => new VicReg(this, context);
}

internal sealed class VicReg : Method
{
    /// <summary>The hinge of a dimension that does not vary: 1 - √1e-4.</summary>
    private const double ConstantHinge = 0.99;

    private readonly VicRegSpec spec;

    internal VicReg(VicRegSpec spec, MethodContext context)
        : base(context)
    {
        this.spec = spec;
        Branches = [new(Online, 0), new(Online, 1)];
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [
        .. Health.Figures,
        ("invariance", FigureUnit.Plain),
        ("variance", FigureUnit.Plain),
        ("covariance", FigureUnit.Plain),
    ];

    public override IReadOnlyList<Collapse> Collapses =>
        [
            Collapse.OfEmbeddings(Remedy, $", which is {spec.Variance * ConstantHinge:g4} then"),
            Collapse.AtLoss(
                spec.Variance * ConstantHinge,
                "0.99 of the variance's weight: the embeddings are constant",
                _ => Remedy
            ),
        ];

    private static string Remedy =>
        "Weigh variance and invariance alike and well above the covariance (25, 25, 1), lengthen the warmup, or lower the learning rate.";

    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        var (invariance, variance, covariance) = Terms(embeddings);
        return spec.Invariance * invariance + spec.Variance * variance + spec.Covariance * covariance;
    }

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        var (invariance, variance, covariance) = Terms(embeddings);
        return [.. Health.Of(loss, embeddings[0].Projection), invariance, variance, covariance];
    }

    private static (Tensor Invariance, Tensor Variance, Tensor Covariance) Terms(IReadOnlyList<Embedding> embeddings)
    {
        var (a, b) = (embeddings[0].Projection, embeddings[1].Projection);
        return (
            VarianceCovariance.Invariance(a, b),
            (VarianceCovariance.Variance(a) + VarianceCovariance.Variance(b)) / 2,
            VarianceCovariance.Covariance(a) + VarianceCovariance.Covariance(b)
        );
    }
}
