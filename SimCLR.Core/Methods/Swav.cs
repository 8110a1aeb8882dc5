using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>SwAV (Caron et al. 2020, 2006.09882): each view predicts to which prototypes the other view is assigned; assignments share a batch out
/// evenly (<see cref="SinkhornKnopp"/>). Each view goes through by itself. Of further views, multi-crop's, none is assigned: all predict the first two's assignments, and those of one size go
/// through together.</summary>
/// <param name="Prototypes">K, 2 or more (paper: 3000).</param>
/// <param name="Temperature">Temperature of the predictions, above 0 (paper: 0.1).</param>
/// <param name="Epsilon">Smoothness of the assignments, above 0 (paper: 0.05).</param>
/// <param name="Iterations">Iterations of Sinkhorn-Knopp, 1 or more (paper: 3).</param>
/// <param name="FrozenEpochs">Epochs before the prototypes move, 0 or more (paper: 1).</param>
/// <param name="Queue">Embeddings of earlier images that are shared out with each view's, a multiple of the batch; 0: none (paper: 3840 at batch 256).</param>
/// <param name="QueueFromEpoch">The epoch from which they are collected; used once they are complete (paper: 15).</param>
public sealed record SwavSpec(
    long Prototypes,
    double Temperature = 0.1,
    double Epsilon = 0.05,
    int Iterations = 3,
    double FrozenEpochs = 1,
    long Queue = 0,
    double QueueFromEpoch = 15
) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context)
    {
        Require.Temperature(Temperature);
        Require.Above("epsilon", Epsilon, 0, 0.05);
        Require.Within("number of prototypes", Prototypes, 2, int.MaxValue, 512);
        Require.Within("number of iterations", Iterations, 1, 1000, 3);
        if (Queue > 0)
            FeatureQueue.Check(Queue, context.BatchSize, context);
        return new Swav(this, context);
    }
}

internal sealed class Swav : Method
{
    private readonly SwavSpec spec;
    private readonly Prototypes prototypes;
    private readonly FeatureQueue[] queues;

    internal Swav(SwavSpec spec, MethodContext context)
        : base(context)
    {
        this.spec = spec;
        Branches = AllThroughOnline;
        prototypes = new Prototypes(context, spec.Prototypes, Dimensions, spec.FrozenEpochs);
        prototypes.Normalize();
        Groups = [.. Groups, .. prototypes.Groups];
        var names = spec.Queue == 0 ? Array.Empty<string>() : ["queue A", "queue B"];
        queues = [.. names.Select(name => new FeatureQueue(context, spec.Queue, Dimensions, name))];
        Figures =
        [
            .. Health.Figures,
            ("prototypes in use", FigureUnit.Share),
            ("prediction entropy", FigureUnit.Nats),
            .. queues.Take(1).Select(_ => (Health.QueueAge, FigureUnit.Plain)),
        ];
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyDictionary<string, Tensor> State =>
        queues.SelectMany(queue => queue.State).Append(new("prototypes", prototypes.Rows)).ToDictionary();

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; }

    public override IReadOnlyList<Collapse> Collapses =>
        [
            Collapse.OfEmbeddings("Lower the learning rate, or epsilon."),
            Collapse.AtLoss(
                Math.Log(spec.Prototypes),
                "ln K",
                rate =>
                    $"Lower epsilon (now {spec.Epsilon:g2}; 0.02) and raise the temperature (now {spec.Temperature:g2}; 0.5), so that assignments are far sharper than predictions; freeze the prototypes longer, "
                    + $"start the queue later, or raise the learning rate (now {rate:g3})."
            ),
        ];

    /// <summary>Prototypes have the length 1 whenever a step begins.</summary>
    public override void BeforeStep(StepInput input)
    {
        base.BeforeStep(input);
        prototypes.Normalize();
    }

    /// <summary>The mean over the first two views' assignments of the mean over all other views' predictions.</summary>
    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        using var scope = NewDisposeScope();
        Tensor[] scores = [.. embeddings.Select(Scores)];
        return ((Assigned(0) + Assigned(1)) / 2).MoveToOuterDisposeScope();

        Tensor Assigned(int view)
        {
            var codes = Codes(scores[view], view, input.Step);
            var others = scores.Where((_, other) => other != view);
            return SelfDistillation.Mean(
                others.Select(other => SelfDistillation.CrossEntropy(codes, other, spec.Temperature))
            );
        }
    }

    public override void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        if (input.Step >= Collected)
            foreach (var (queue, view) in queues.Zip(embeddings))
                queue.Add(view.Projection);
    }

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        var scores = Scores(embeddings[0]).detach();
        return
        [
            .. Health.Of(loss, embeddings[0].Projection),
            Prototypes.Used(scores),
            SelfDistillation.Entropy(nn.functional.softmax(scores / spec.Temperature, 1)),
            .. queues.Take(1).Select(queue => queue.Age(loss, Step - Collected, Context.BatchSize)),
        ];
    }

    public override void Dispose()
    {
        base.Dispose();
        prototypes.Dispose();
        foreach (var queue in queues)
            queue.Dispose();
    }

    /// <summary>The step from which embeddings are collected.</summary>
    private long Collected => (long)Math.Round(spec.QueueFromEpoch * Context.StepsPerEpoch);

    private Tensor Scores(Embedding view) => prototypes.Products(view.Projection);

    /// <summary>Those of a view: with the queue's, which are shared out first and then left out, once it is complete.</summary>
    private Tensor Codes(Tensor scores, int view, long step)
    {
        if (queues.Length == 0 || step < Collected + spec.Queue / Context.BatchSize)
            return SinkhornKnopp.Codes(scores, spec.Epsilon, spec.Iterations);
        using var noGrad = no_grad();
        var all = cat([prototypes.Products(queues[view].Rows), scores.detach()]);
        return SinkhornKnopp.Codes(all, spec.Epsilon, spec.Iterations).narrow(0, spec.Queue, scores.shape[0]);
    }
}
