using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// Barlow Twins (Zbontar et al. 2021, 2103.03230): the embeddings of two views correlate dimension by dimension, and different dimensions do
/// not. No negatives, no target, no predictor. Both views go through separately.
/// </summary>
/// <param name="Lambda">Weight of what is off the diagonal (paper: 0.005; code: 0.0051).</param>
/// <param name="Scale">Multiplies the loss: solo-learn has 0.1.</param>
/// <param name="BiasRate">Learning rate of biases and normalizations over that of weights (code: 0.0048 over 0.2).</param>
public sealed record BarlowTwinsSpec(double Lambda, double Scale = 1, double BiasRate = 1) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context) => new BarlowTwins(this, context);
}

internal sealed class BarlowTwins : Method
{
    private const string ViewsCorrelate = "correlation of views";

    /// <summary>Below this the views do not correlate: encoders that have learnt nothing but see the same colours are above it.</summary>
    private const double Unrelated = 0.02;

    private readonly BarlowTwinsSpec spec;

    internal BarlowTwins(BarlowTwinsSpec spec, MethodContext context)
        : base(context)
    {
        this.spec = spec;
        Branches = [new(Online, 0), new(Online, 1)];
        Groups = [.. Groups.Select(group => group.Decays ? group : group with { RateFactor = spec.BiasRate })];
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [.. Health.Figures, (ViewsCorrelate, FigureUnit.Plain), ("correlation of dimensions", FigureUnit.Plain)];

    public override IReadOnlyList<Collapse> Collapses =>
        [
            Collapse.OfEmbeddings("Lower the learning rate."),
            // Not by the loss: of views that do not correlate it is D + (D + λ D (D - 1)) / (N - 1) on the mean, and varies about it.
            new(
                ViewsCorrelate,
                correlation => Math.Abs(correlation) < Unrelated,
                false,
                now =>
                    $"The two views of an image do not correlate by step {now.Step}: {now[ViewsCorrelate]:g2} on the mean of the dimensions, where 1 is sought and 0 is nothing "
                    + $"learnt. Raise the learning rate (now {now.LearningRate:g3}), lower lambda (now {spec.Lambda:g2}), or weaken the views."
            )
            {
                Name = Collapse.LearntNothing,
            },
        ];

    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        spec.Scale * CrossCorrelation.Loss(embeddings[0].Projection, embeddings[1].Projection, spec.Lambda);

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        var (a, b) = (embeddings[0].Projection, embeddings[1].Projection);
        var (diagonal, off) = CrossCorrelation.Summary(a, b);
        return [.. Health.Of(loss, a), diagonal, off];
    }
}
