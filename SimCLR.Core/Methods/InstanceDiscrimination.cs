using SimCLR.Core.Losses;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// Instance discrimination (Wu et al. 2018, 1805.01978): every training image is a class of its own, whose prototype in a memory bank is
/// a running mean of its embeddings. One view of each image; the softmax is over the whole bank, or estimated by some of it (<see cref="NoiseContrastive"/>).
/// </summary>
/// <param name="Temperature">Temperature of the softmax, above 0 (ImageNet: 0.07, CIFAR-10: 0.1), where negatives are drawn above 0.02.</param>
/// <param name="Momentum">How much of a prototype is kept when its image is seen, 0 to below 1 (paper: 0.5).</param>
/// <param name="Negatives">Other images that an image is told from, drawn evenly with replacement, 1 or more (ImageNet: 4096); null: all. The softmax's sum is then taken to be what it
/// is by the first step's images (its code).</param>
public sealed record InstanceDiscriminationSpec(double Temperature, double Momentum = 0.5, int? Negatives = null)
    : IMethodSpec
{
    /// <summary>exp(1 / τ) of all images is summed in float32, which would be infinite at about half of it.</summary>
    private const double LeastOfNoise = 0.02;

    /// <inheritdoc/>
    public IMethod Create(MethodContext context)
    {
        Require.Temperature(Temperature);
        Require.Within("momentum of the bank", Momentum, 0, 1, 0.5);
        if (Negatives is { } drawn)
        {
            Require.Within("number of negatives", drawn, 1, int.MaxValue, 4096);
            Require.Above("temperature of noise-contrastive estimation", Temperature, LeastOfNoise, 0.07);
        }
        return new InstanceDiscrimination(this, context);
    }
}

internal sealed class InstanceDiscrimination : Method
{
    private readonly InstanceDiscriminationSpec spec;
    private readonly MemoryBank bank;

    /// <summary>Share of the newest loss's images that are nearest to their own prototype: its scores are of the whole bank, and not made twice.</summary>
    private Tensor? top1;

    /// <summary>Z, [1]; 0 before the first step.</summary>
    private readonly Tensor? constant;

    internal InstanceDiscrimination(InstanceDiscriminationSpec spec, MethodContext context)
        : base(context)
    {
        this.spec = spec;
        Branches = [new(Online, 0)];
        bank = new MemoryBank(context, Dimensions);
        if (spec.Negatives is not null)
            constant = zeros(1, context.Online.Type, context.Device).DetachFromDisposeScope();
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyDictionary<string, Tensor> State =>
        constant is null
            ? new Dictionary<string, Tensor> { ["bank"] = bank.Rows }
            : new Dictionary<string, Tensor> { ["bank"] = bank.Rows, ["constant"] = constant };

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [.. Health.Figures, ("contrastive top-1", FigureUnit.Share)];

    public override IReadOnlyList<Collapse> Collapses =>
        [
            Collapse.OfEmbeddings("Lower the learning rate or the weight decay."),
            Collapse.AtLoss(
                spec.Negatives is { } drawn ? NoiseContrastive.Untold(drawn) : Math.Log(Context.Images),
                spec.Negatives is null ? "ln of the number of images" : "ln(1 + m) + m ln(1 + 1 / m)",
                rate => $"Raise the learning rate (now {rate:g3}), lower the temperature, or weaken the views."
            ),
        ];

    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        using var scope = NewDisposeScope();
        if (constant is not null)
        {
            var scores = Scores(embeddings[0], input);
            NoteTop1(scores, zeros(scores.shape[0], int64, scores.device));
            return NoiseContrastive.Compute(scores, Constant(scores), Context.Images).MoveToOuterDisposeScope();
        }
        var rows = Rows(input);
        var logits = nn.functional.normalize(embeddings[0].Projection).mm(bank.Rows.t()) / spec.Temperature;
        NoteTop1(logits, rows);
        return nn.functional.cross_entropy(logits, rows).MoveToOuterDisposeScope();
    }

    /// <summary>The bank learns only now: before, each image's own embedding would be in its prototype.</summary>
    public override void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (input.Step == 0)
            constant?.copy_(Constant(Scores(embeddings[0], input)));
        bank.Follow(Rows(input), embeddings[0].Projection, spec.Momentum);
    }

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings) =>
        [.. Health.Of(loss, embeddings[0].Projection), top1!.alias()];

    public override void Dispose()
    {
        base.Dispose();
        bank.Dispose();
        constant?.Dispose();
        top1?.Dispose();
    }

    /// <param name="scores">Of each image with prototypes, [N, M].</param>
    /// <param name="own">Which of them is its own, [N].</param>
    private void NoteTop1(Tensor scores, Tensor own)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        top1?.Dispose();
        top1 = scores.argmax(1).eq(own).to_type(scores.dtype).mean().DetachFromDisposeScope();
    }

    /// <summary>exp(similarity / τ) of each image with its own prototype and with those drawn for it, [N, 1 + m]; the same whenever a step asks.</summary>
    private Tensor Scores(Embedding embedding, StepInput input)
    {
        using var scope = NewDisposeScope();
        using var generator = Context.Streams.At($"{RandomStreams.Method} negatives", input.Step);
        var own = Rows(input).unsqueeze(1);
        long[] shape = [own.shape[0], spec.Negatives!.Value];
        var drawn = DeviceCopy.Of(randint(0, Context.Images, shape, int64, CPU, generator: generator), Context.Device);
        var prototypes = bank.Rows.index_select(0, cat([own, drawn], 1).flatten()).view(shape[0], -1, Dimensions);
        var z = nn.functional.normalize(embedding.Projection).unsqueeze(2);
        return (prototypes.bmm(z).squeeze(2) / spec.Temperature).exp().MoveToOuterDisposeScope();
    }

    /// <summary>What the scores of all images sum to: as it was by the first step's.</summary>
    private Tensor Constant(Tensor scores)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return where(constant!.gt(0), constant, scores.detach().mean() * Context.Images).MoveToOuterDisposeScope();
    }

    private Tensor Rows(StepInput input) => input.Order.At(input.Step).to(Context.Device);
}
