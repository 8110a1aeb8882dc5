using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// SimCLR with a memory (v2: Chen et al. 2020, 2006.10029, section 2 and its appendix on memory): NT-Xent, whose negatives are the batch's other views and, of earlier steps, what a target that
/// follows made of their second views, as in MoCo. Both views of a batch go through the encoder in one pass.
/// </summary>
/// <param name="Queue">Embeddings that are kept, a multiple of the batch, at most the images (paper: 64K).</param>
/// <param name="Momentum">Share of the target that is kept in a step (paper: 0.999).</param>
/// <param name="Temperature">Temperature of the softmax, above 0 (paper: 0.1).</param>
public sealed record SimClrMemorySpec(long Queue, MomentumSchedule Momentum, double Temperature) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context)
    {
        Require.Temperature(Temperature);
        FeatureQueue.Check(Queue, context.BatchSize, context);
        return new SimClrMemory(this, context);
    }
}

internal sealed class SimClrMemory : Method
{
    private readonly SimClrMemorySpec spec;
    private readonly NtXent loss;

    internal SimClrMemory(SimClrMemorySpec spec, MethodContext context)
        : base(context, momentum: spec.Momentum, queue: spec.Queue)
    {
        (this.spec, loss) = (spec, new NtXent(spec.Temperature));
        Branches = [new(Online, 0, 1), new(Target!.Networks, 1) { WithGradient = false }];
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [.. Health.Figures, ("contrastive top-1", FigureUnit.Share), (Health.QueueAge, FigureUnit.Plain)];

    public override IReadOnlyList<Collapse> Collapses =>
        [
            Collapse.OfEmbeddings("Lower the learning rate or the weight decay, or raise the momentum."),
            Collapse.AtLoss(
                Math.Log(2 * Context.BatchSize - 1 + spec.Queue),
                "ln(2N - 1 + K)",
                rate => $"Raise the learning rate (now {rate:g3}), lower the temperature, or weaken the views."
            ),
        ];

    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        loss.WithMemory(embeddings[0].Projection, embeddings[1].Projection, Queue!.Rows);

    /// <summary>The target's embeddings come into the queue only now: before, an image would be its own negative.</summary>
    public override void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        base.AfterStep(embeddings, input);
        Queue!.Add(embeddings[2].Projection);
    }

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        var (a, b) = (embeddings[0].Projection, embeddings[1].Projection);
        return
        [
            .. Health.Of(loss, a),
            ContrastiveMetrics.Compute(a, b, spec.Temperature, normalize: true).Top1,
            QueueAge(loss, Context.BatchSize),
        ];
    }
}
