using SimCLR.Core.Heads;
using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// BYOL (Grill et al. 2020, 2006.07733): the trained networks predict what a target that follows them makes of the other view. No
/// negatives. Both views go through separately; the target computes with batch statistics of its own.
/// </summary>
/// <param name="Predictor">Its output is as long as the head's; null: none, which collapses (paper, table 5).</param>
/// <param name="Momentum">Share of the target that is kept in a step (paper: 0.996 to 1).</param>
public sealed record ByolSpec(HeadSpec? Predictor, MomentumSchedule Momentum) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context) => new Byol(this, context);
}

internal sealed class Byol(ByolSpec spec, MethodContext context) : Method(context, spec.Predictor, spec.Momentum)
{
    public override IReadOnlyList<Branch> Branches => field ??= BothThroughBoth;

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures => Health.Figures;

    private const string Remedy =
        "BYOL needs its predictor and a target that is slow, but not too slow: raise the momentum, lower the learning rate, or use batch norm in head "
        + "and predictor.";

    public override IReadOnlyList<Collapse> Collapses => Unopposed(Remedy, ", which is 0 then");

    /// <summary>The mean over images of the sum of both directions: 0 to 8.</summary>
    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        Cosine.Distance(embeddings[0].Prediction, embeddings[3].Projection)
        + Cosine.Distance(embeddings[1].Prediction, embeddings[2].Projection);

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings) =>
        Health.Of(loss, embeddings[0].Projection);
}
