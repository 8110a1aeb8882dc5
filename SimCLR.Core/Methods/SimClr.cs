using SimCLR.Core.Losses;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// SimCLR (2002.05709, Algorithm 1), and every other loss of two views' embeddings. Both views of a batch go through the encoder in one
/// pass, so that batch norm sees all 2N of them, as in the reference code.
/// </summary>
/// <param name="Loss">The loss of z.</param>
/// <param name="MetricTemperature">How contrastive accuracy and entropy scale the similarities of z; the loss's own where it has one.</param>
/// <param name="MetricNormalize">Whether they use cosine similarity; as the loss does.</param>
public sealed record SimClrSpec(ILoss Loss, double MetricTemperature = 1, bool MetricNormalize = true) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context) => new SimClr(this, context);
}

internal sealed class SimClr(SimClrSpec spec, MethodContext context) : IMethod
{
    /// <summary>What a step gives.</summary>
    internal static readonly IReadOnlyList<(string Name, FigureUnit Unit)> StepFigures =
    [
        ("loss", FigureUnit.Plain),
        ("entropy", FigureUnit.Nats),
        ("contrastive top-1", FigureUnit.Share),
        (Health.Deviation, FigureUnit.Plain),
        (Health.Rank, FigureUnit.Plain),
    ];

    public IReadOnlyList<Networks> Networks { get; } = [context.Online];

    public Networks Evaluated => context.Online;

    public IReadOnlyList<ParameterGroup> Groups { get; } = context.Online.Groups();

    public IReadOnlyList<Branch> Branches { get; } = [new(context.Online, 0, 1)];

    public IReadOnlyDictionary<string, Tensor> State { get; } = new Dictionary<string, Tensor>();

    public IReadOnlyList<(string Name, FigureUnit Unit)> Figures => StepFigures;

    public bool IsSteady => true;

    public IReadOnlyList<Collapse> Collapses { get; } =
    [.. Watched(spec.Loss.Collapsed(context.BatchSize), context.BatchSize)];

    /// <summary>What is watched for, given the loss when all embeddings are equal.</summary>
    internal static IEnumerable<Collapse> Watched(double? collapsedLoss, long count)
    {
        yield return Collapse.OfEmbeddings(
            "Lower the learning rate or the weight decay, or use batch norm in the head."
        );
        if (collapsedLoss is { } loss)
            yield return Collapse.AtLoss(
                loss,
                loss == Math.Log(2 * count - 1) ? "ln(2N - 1)"
                    : loss == Math.Log(count) ? "ln N"
                    : "as of equal embeddings",
                rate => $"Raise the learning rate (now {rate:g3}), lower the temperature, or weaken the views."
            );
    }

    public Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        spec.Loss.Compute(embeddings[0].Projection, embeddings[1].Projection, input.Labels);

    public IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        var (a, b) = (embeddings[0].Projection, embeddings[1].Projection);
        var (entropy, top1) = ContrastiveMetrics.Compute(a, b, spec.MetricTemperature, spec.MetricNormalize);
        return [loss, entropy, top1, ContrastiveMetrics.Deviation(a), Health.EffectiveRank(a)];
    }

    public void Dispose() { }
}
