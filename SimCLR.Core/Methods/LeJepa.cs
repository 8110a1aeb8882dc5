using SimCLR.Core.Losses;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// LeJEPA (Balestriero and LeCun 2025, 2511.08544): the views of an image lie together, and each view's embeddings are distributed as a
/// standard normal. No negatives, no target, no predictor, no stopped gradient; embeddings are not normalized. Each view goes through by itself. Further views, which show
/// smaller parts of an image, lie together with the first two's mean; those of one size go through together.
/// </summary>
/// <param name="Lambda">Share of the distribution's term, 0 to below 1 (paper: 0.05).</param>
/// <param name="Directions">Random directions of a step, 1 or more (paper: 1024).</param>
public sealed record LeJepaSpec(double Lambda = 0.05, int Directions = 1024) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context)
    {
        Require.Within("lambda", Lambda, 0, 1, 0.05);
        Require.Within("number of directions", Directions, 1, int.MaxValue, 1024);
        return new LeJepa(this, context);
    }
}

internal sealed class LeJepa : Method
{
    private readonly LeJepaSpec spec;

    internal LeJepa(LeJepaSpec spec, MethodContext context)
        : base(context)
    {
        this.spec = spec;
        Branches = AllThroughOnline;
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [.. Health.Figures, ("invariance", FigureUnit.Plain)];

    public override IReadOnlyList<Collapse> Collapses { get; } =
    [Collapse.OfEmbeddings("Raise lambda, or lower the learning rate.")];

    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        using var scope = NewDisposeScope();
        return Compute(embeddings, Directions(input.Step)).MoveToOuterDisposeScope();
    }

    /// <summary>The loss by those directions, [D, directions].</summary>
    internal Tensor Compute(IReadOnlyList<Embedding> embeddings, Tensor directions)
    {
        using var scope = NewDisposeScope();
        var normal = embeddings.Select(view => SigReg.Compute(view.Projection, directions)).Aggregate((a, b) => a + b);
        var loss = spec.Lambda * normal / embeddings.Count + (1 - spec.Lambda) * Invariance(embeddings);
        return loss.MoveToOuterDisposeScope();
    }

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings) =>
        [.. Health.Of(loss, embeddings[0].Projection), Invariance(embeddings)];

    /// <summary>The same whenever a step is asked for.</summary>
    internal Tensor Directions(long step)
    {
        using var scope = NewDisposeScope();
        using var generator = Context.Streams.At(RandomStreams.Method, step);
        var drawn = DeviceCopy.Of(
            randn([Dimensions, spec.Directions], ScalarType.Float32, CPU, generator: generator),
            Context.Device
        );
        return (drawn / drawn.norm(0, keepdim: true)).to_type(Context.Online.Type).MoveToOuterDisposeScope();
    }

    /// <summary>Mean squared distance of every view from the mean of the first two, which has a gradient too.</summary>
    private static Tensor Invariance(IReadOnlyList<Embedding> embeddings)
    {
        using var scope = NewDisposeScope();
        var z = stack([.. embeddings.Select(view => view.Projection)]);
        return (z - z.narrow(0, 0, 2).mean([0], keepdim: true)).square().mean().MoveToOuterDisposeScope();
    }
}
