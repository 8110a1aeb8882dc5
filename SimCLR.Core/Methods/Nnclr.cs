using SimCLR.Core.Heads;
using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// NNCLR (Dwibedi et al. 2021, 2104.14548): the positive of a view's prediction is not the other view's embedding but its nearest neighbour
/// among embeddings of earlier images; the batch's other predictions are the negatives. Each view goes through by itself.
/// </summary>
/// <param name="Predictor">Its output is as long as the head's; null: none.</param>
/// <param name="Queue">Embeddings that are kept, a multiple of the batch, at most the images.</param>
/// <param name="Temperature">Temperature of the softmax, above 0 (paper: 0.1).</param>
public sealed record NnclrSpec(HeadSpec? Predictor, long Queue, double Temperature) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context)
    {
        Require.Temperature(Temperature);
        FeatureQueue.Check(Queue, context.BatchSize, context);
        return new Nnclr(this, context);
    }
}

internal sealed class Nnclr : Method
{
    private readonly NnclrSpec spec;

    internal Nnclr(NnclrSpec spec, MethodContext context)
        : base(context, spec.Predictor, queue: spec.Queue)
    {
        this.spec = spec;
        Branches = [new(Online, 0), new(Online, 1)];
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [.. Health.Figures, ("contrastive top-1", FigureUnit.Share), (Health.QueueAge, FigureUnit.Plain)];

    public override IReadOnlyList<Collapse> Collapses =>
        [
            Collapse.OfEmbeddings("Lower the learning rate or the weight decay, or use batch norm in the head."),
            Collapse.AtLoss(
                Math.Log(Context.BatchSize),
                "ln N",
                rate => $"Raise the learning rate (now {rate:g3}), lower the temperature, or weaken the views."
            ),
        ];

    /// <summary>The mean of both directions.</summary>
    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        (Direction(embeddings[0], embeddings[1]) + Direction(embeddings[1], embeddings[0])) / 2;

    /// <summary>Embeddings come into the queue only now: before, each would be its own nearest neighbour.</summary>
    public override void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        Queue!.Add(embeddings[0].Projection);

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        var (neighbours, predictions) = (Neighbours(embeddings[0].Projection), embeddings[1].Prediction);
        return
        [
            .. Health.Of(loss, embeddings[0].Projection),
            ContrastiveMetrics.Compute(neighbours, predictions, spec.Temperature, normalize: true).Top1,
            QueueAge(loss, Context.BatchSize),
        ];
    }

    /// <summary>The rows of the queue that are nearest to embeddings, [N, D], without a gradient.</summary>
    internal Tensor Neighbours(Tensor z)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var nearest = nn.functional.normalize(z.detach()).mm(Queue!.Rows.t()).argmax(1);
        return Queue.Rows.index_select(0, nearest).MoveToOuterDisposeScope();
    }

    /// <summary>Neighbours of one view find the other view's predictions, which alone have a gradient.</summary>
    private Tensor Direction(Embedding from, Embedding to)
    {
        using var scope = NewDisposeScope();
        var predictions = nn.functional.normalize(to.Prediction);
        var logits = Neighbours(from.Projection).mm(predictions.t()) / spec.Temperature;
        return nn
            .functional.cross_entropy(logits, arange(logits.shape[0], device: logits.device))
            .MoveToOuterDisposeScope();
    }
}
