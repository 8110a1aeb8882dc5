using SimCLR.Core.Heads;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>What methods after SimCLR share: a predictor, a target that follows, a queue; each where there is one.</summary>
internal abstract class Method : IMethod
{
    protected Method(
        MethodContext context,
        HeadSpec? predictor = null,
        MomentumSchedule? momentum = null,
        long? queue = null
    )
    {
        Context = context;
        Online = predictor is null ? context.Online : context.Online with { Predictor = Make(predictor, context) };
        Target = momentum is null ? null : new Target(context, momentum);
        Queue = queue is { } size ? new FeatureQueue(context, size, Dimensions) : null;
        Groups = Online.Groups();
    }

    public IReadOnlyList<Networks> Networks => Target is null ? [Online] : [Online, Target.Networks];

    public virtual Networks Evaluated => Online;

    public IReadOnlyList<ParameterGroup> Groups { get; protected init; }

    public abstract IReadOnlyList<Branch> Branches { get; }

    public virtual IReadOnlyDictionary<string, Tensor> State =>
        Named("predictor", Online.Predictor?.state_dict())
            .Concat(Named("target", Target?.Networks.State))
            .Concat(Queue?.State ?? [])
            .ToDictionary();

    public abstract IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; }

    public abstract IReadOnlyList<Collapse> Collapses { get; }

    /// <summary>What it was made for.</summary>
    protected MethodContext Context { get; }

    /// <summary>The trained networks, with the predictor.</summary>
    protected Networks Online { get; }

    /// <summary>What follows them.</summary>
    protected Target? Target { get; }

    protected FeatureQueue? Queue { get; }

    /// <summary>The step that is taken.</summary>
    protected long Step { get; private set; }

    /// <summary>Length of z.</summary>
    protected long Dimensions => Context.Online.Head.OutputSize;

    /// <summary>Images, and dimensions of z, from which embeddings that are alive cannot seem to lie on a line by their number alone: two always do.</summary>
    private const int LeastForLine = 8;

    /// <summary>The collapses of embeddings that nothing pushes apart: onto a point and, where there is room for more, onto a line.</summary>
    /// <param name="remedy">What to try, a sentence.</param>
    /// <param name="loss">What else is said of the loss of a point.</param>
    protected IReadOnlyList<Collapse> Unopposed(string remedy, string loss) =>
        Context.BatchSize >= LeastForLine && Dimensions >= LeastForLine
            ? [Collapse.OfEmbeddings(remedy, loss), Collapse.OntoLine(remedy)]
            : [Collapse.OfEmbeddings(remedy, loss)];

    /// <summary>How many views an image has.</summary>
    protected int Views => Context.ViewsBySize.Sum(views => views.Count);

    /// <summary>All views through the trained networks, the first two first: each of a pair by itself, of more those of one size in one pass.</summary>
    protected IReadOnlyList<Branch> AllThroughOnline =>
        Views == 2
            ? [new(Online, 0), new(Online, 1)]
            : [.. Context.ViewsBySize.Select(views => new Branch(Online, [.. views]))];

    /// <summary>Both views through the trained networks and then, without a gradient, through the target; each view by itself.</summary>
    protected IReadOnlyList<Branch> BothThroughBoth =>
        [
            new(Online, 0),
            new(Online, 1),
            new(Target!.Networks, 0) { WithGradient = false },
            new(Target.Networks, 1) { WithGradient = false },
        ];

    public abstract Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input);

    public virtual void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input) => Target?.Follow(input.Step);

    /// <summary>Figures are of this step.</summary>
    public virtual void BeforeStep(StepInput input) => Step = input.Step;

    /// <summary>The figure <see cref="Health.QueueAge"/>, beside the loss.</summary>
    protected Tensor QueueAge(Tensor loss, long perStep) => Queue!.Age(loss, Step, perStep);

    public abstract IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings);

    public virtual void Dispose()
    {
        Online.Predictor?.Dispose();
        Target?.Dispose();
        Queue?.Dispose();
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Named(
        string name,
        IEnumerable<KeyValuePair<string, Tensor>>? tensors
    ) => (tensors ?? []).Select(entry => KeyValuePair.Create($"{name}.{entry.Key}", entry.Value));

    private static ProjectionHead Make(HeadSpec spec, MethodContext context)
    {
        using var weights = context.Streams.At(RandomStreams.Method, 0);
        var size = context.Online.Head.OutputSize;
        var predictor = (spec with { Output = size }).Create(size, weights);
        if (context.Online.Type != ScalarType.Float32)
            predictor.to(context.Online.Type);
        predictor.to(context.Device);
        return predictor;
    }
}
