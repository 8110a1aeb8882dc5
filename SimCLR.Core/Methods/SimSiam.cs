using SimCLR.Core.Heads;
using SimCLR.Core.Losses;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// SimSiam (Chen and He 2021, 2011.10566): each view's prediction is to agree with the other view's embedding, which counts as a constant. No
/// negatives, no target network. Both views go through separately.
/// </summary>
/// <param name="Predictor">Its output is as long as the head's; null: none, which collapses (paper, table 1).</param>
/// <param name="StopGradient">False: the other view's embedding is no constant, which collapses (paper, figure 2).</param>
/// <param name="ConstantRate">The predictor keeps the highest learning rate to the end (paper, table 1).</param>
public sealed record SimSiamSpec(HeadSpec? Predictor, bool StopGradient = true, bool ConstantRate = true) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context) => new SimSiam(this, context);
}

internal sealed class SimSiam : Method
{
    private readonly SimSiamSpec spec;

    internal SimSiam(SimSiamSpec spec, MethodContext context)
        : base(context, spec.Predictor)
    {
        this.spec = spec;
        Branches = [new(Online, 0), new(Online, 1)];
        if (spec.ConstantRate)
            Groups = [.. Groups.Select(group => Constant(group, context.LearningRate))];
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures => Health.Figures;

    private const string Remedy =
        "SimSiam needs its predictor and the stopped gradient, batch norm in the head, and on small images a head of two layers, decay 5e-4 "
        + "and learning rate 0.03 for 256 images.";

    public override IReadOnlyList<Collapse> Collapses => Unopposed(Remedy, ", which is -1 then");

    /// <summary>The mean of both directions: -1 to 1.</summary>
    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        (
            Cosine.Negative(embeddings[0].Prediction, embeddings[1].Projection, spec.StopGradient)
            + Cosine.Negative(embeddings[1].Prediction, embeddings[0].Projection, spec.StopGradient)
        ) / 2;

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings) =>
        Health.Of(loss, embeddings[0].Projection);

    private static ParameterGroup Constant(ParameterGroup group, double rate) =>
        group.Name.StartsWith("predictor.", StringComparison.Ordinal) ? group with { FixedRate = rate } : group;
}
