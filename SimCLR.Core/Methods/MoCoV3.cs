using SimCLR.Core.Heads;
using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// MoCo v3 (Chen et al. 2021, 2104.02057): predictions of one view find what a target that follows makes of the other view, among all
/// images of the batch. No queue. Each view goes through by itself.
/// </summary>
/// <param name="Predictor">Its output is as long as the head's; null: none.</param>
/// <param name="Momentum">Share of the target that is kept in a step (paper: 0.99 to 1).</param>
/// <param name="Temperature">Temperature of the softmax, above 0 (ResNet-50: 1, transformers: 0.2).</param>
public sealed record MoCoV3Spec(HeadSpec? Predictor, MomentumSchedule Momentum, double Temperature) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context)
    {
        Require.Temperature(Temperature);
        return new MoCoV3(this, context);
    }
}

internal sealed class MoCoV3(MoCoV3Spec spec, MethodContext context) : Method(context, spec.Predictor, spec.Momentum)
{
    public override IReadOnlyList<Branch> Branches => field ??= BothThroughBoth;

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [.. Health.Figures, ("contrastive top-1", FigureUnit.Share)];

    public override IReadOnlyList<Collapse> Collapses { get; } =
    [
        Collapse.OfEmbeddings("Lower the learning rate or the weight decay, or raise the momentum."),
        Collapse.AtLoss(
            4 * spec.Temperature * Math.Log(context.BatchSize),
            "4 τ ln N",
            rate => $"Raise the learning rate (now {rate:g3}), lower the temperature, or weaken the views."
        ),
    ];

    /// <summary>The sum of both directions, each times 2τ, so that the gradient's size does not depend on the temperature.</summary>
    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        2
        * spec.Temperature
        * (
            InfoNce.InBatch(embeddings[0].Prediction, embeddings[3].Projection, spec.Temperature)
            + InfoNce.InBatch(embeddings[1].Prediction, embeddings[2].Projection, spec.Temperature)
        );

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        var (prediction, key) = (embeddings[0].Prediction, embeddings[3].Projection);
        return
        [
            .. Health.Of(loss, embeddings[0].Projection),
            ContrastiveMetrics.Compute(prediction, key, spec.Temperature, normalize: true).Top1,
        ];
    }
}
