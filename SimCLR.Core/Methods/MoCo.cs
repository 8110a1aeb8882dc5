using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// Momentum contrast (He et al. 2020, 1911.05722; v2: Chen et al. 2020, 2003.04297): a query of one view finds its key, which a target that
/// follows makes of the other view, among the keys of earlier steps. Version 1 has a linear head, version 2 one of two layers, both
/// without batch norm.
/// </summary>
/// <param name="Queue">Keys that are kept, a multiple of those of a step, at most the images.</param>
/// <param name="Momentum">Share of the target that is kept in a step (paper: 0.999).</param>
/// <param name="Temperature">Temperature of the softmax, above 0 (v1: 0.07, v2: 0.2, CIFAR-10: 0.1).</param>
/// <param name="Symmetric">Every view is query and key: the loss is the sum of both directions against the same queue, which then takes the keys of both.</param>
/// <param name="NormGroups">Groups that batch norm sees each by itself; keys are put into them by chance, so that batch statistics do not
/// tell which key belongs to a query (paper, section 3.3). 1: none.</param>
public sealed record MoCoSpec(
    long Queue,
    MomentumSchedule Momentum,
    double Temperature,
    bool Symmetric = false,
    int NormGroups = 1
) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context)
    {
        Require.Temperature(Temperature);
        if (NormGroups < 1 || context.BatchSize % NormGroups != 0 || context.BatchSize / NormGroups < 2)
            throw new ArgumentException(
                $"NormGroups is {NormGroups}, but a batch has {context.BatchSize} images; use a divisor that leaves 2 or more in each group."
            );
        FeatureQueue.Check(Queue, Symmetric ? 2 * context.BatchSize : context.BatchSize, context);
        return new MoCo(this, context);
    }
}

internal sealed class MoCo : Method
{
    private readonly MoCoSpec spec;

    internal MoCo(MoCoSpec spec, MethodContext context)
        : base(context, momentum: spec.Momentum, queue: spec.Queue)
    {
        this.spec = spec;
        IReadOnlyList<Branch> branches = spec.Symmetric
            ? BothThroughBoth
            : [new(Online, 0), new(Target!.Networks, 1) { WithGradient = false }];
        Branches =
        [
            .. branches.Select(branch => branch with { NormGroups = spec.NormGroups, Shuffled = !branch.WithGradient }),
        ];
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [.. Health.Figures, ("contrastive top-1", FigureUnit.Share), (Health.QueueAge, FigureUnit.Plain)];

    public override IReadOnlyList<Collapse> Collapses =>
        [
            Collapse.OfEmbeddings("Lower the learning rate or the weight decay, or raise the momentum."),
            Collapse.AtLoss(
                Directions * Math.Log(spec.Queue + 1),
                Directions == 1 ? "ln(K + 1)" : "2 ln(K + 1)",
                rate => $"Raise the learning rate (now {rate:g3}), lower the temperature, or weaken the views."
            ),
        ];

    private int Directions => spec.Symmetric ? 2 : 1;

    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        spec.Symmetric
            ? Against(embeddings[0], embeddings[3]) + Against(embeddings[1], embeddings[2])
            : Against(embeddings[0], embeddings[1]);

    /// <summary>The keys come into the queue only now: among their own negatives they would bound the loss by ln 2.</summary>
    public override void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        base.AfterStep(embeddings, input);
        foreach (var key in embeddings.Skip(Directions))
            Queue!.Add(key.Projection);
    }

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        var (query, key) = (embeddings[0].Projection, embeddings[^1].Projection);
        return
        [
            .. Health.Of(loss, query),
            InfoNce.Top1(query, key, Queue!.Rows),
            QueueAge(loss, Directions * Context.BatchSize),
        ];
    }

    private Tensor Against(Embedding query, Embedding key) =>
        InfoNce.WithQueue(query.Projection, key.Projection, Queue!.Rows, spec.Temperature);
}
