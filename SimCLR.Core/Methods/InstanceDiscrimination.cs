using SimCLR.Core.Losses;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>
/// Instance discrimination (Wu et al. 2018, 1805.01978): every training image is a class of its own, whose prototype in a memory bank is
/// a running mean of its embeddings. One view of each image; the softmax is over the whole bank.
/// </summary>
/// <param name="Temperature">Above 0 (ImageNet: 0.07, CIFAR-10: 0.1).</param>
/// <param name="Momentum">How much of a prototype is kept when its image is seen (paper: 0.5).</param>
public sealed record InstanceDiscriminationSpec(double Temperature, double Momentum = 0.5) : IMethodSpec
{
    /// <inheritdoc/>
    public IMethod Create(MethodContext context)
    {
        Require.Temperature(Temperature);
        Require.Within("momentum of the bank", Momentum, 0, 1, 0.5);
        return new InstanceDiscrimination(this, context);
    }
}

internal sealed class InstanceDiscrimination : Method
{
    private readonly InstanceDiscriminationSpec spec;
    private readonly Tensor bank;

    internal InstanceDiscrimination(InstanceDiscriminationSpec spec, MethodContext context)
        : base(context)
    {
        this.spec = spec;
        Branches = [new(Online, 0)];
        using var scope = NewDisposeScope();
        using var generator = context.Streams.At(RandomStreams.Method, 0);
        var bound = Math.Sqrt(3.0 / Dimensions);
        bank = empty(context.Images, Dimensions)
            .uniform_(-bound, bound, generator)
            .to(context.Online.Type)
            .to(context.Device)
            .DetachFromDisposeScope();
    }

    public override IReadOnlyList<Branch> Branches { get; }

    public override IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor> { ["bank"] = bank };

    public override IReadOnlyList<(string Name, FigureUnit Unit)> Figures => Health.Figures;

    public override IReadOnlyList<Collapse> Collapses =>
        [
            Collapse.OfEmbeddings("Lower the learning rate or the weight decay."),
            Collapse.AtLoss(
                Math.Log(Context.Images),
                "ln of the number of images",
                rate => $"Raise the learning rate (now {rate:g3}), lower the temperature, or weaken the views."
            ),
        ];

    public override Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        using var scope = NewDisposeScope();
        var logits = nn.functional.normalize(embeddings[0].Projection).mm(bank.t()) / spec.Temperature;
        return nn.functional.cross_entropy(logits, Rows(input)).MoveToOuterDisposeScope();
    }

    /// <summary>The bank learns only now: before, each image's own embedding would be in its prototype.</summary>
    public override void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = Rows(input);
        var z = nn.functional.normalize(embeddings[0].Projection);
        var moved = bank.index_select(0, rows).mul_(spec.Momentum).add_(z, alpha: 1 - spec.Momentum);
        bank.index_copy_(0, rows, nn.functional.normalize(moved));
    }

    public override IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings) =>
        Health.Of(loss, embeddings[0].Projection);

    public override void Dispose()
    {
        base.Dispose();
        bank.Dispose();
    }

    private Tensor Rows(StepInput input) => input.Order.At(input.Step).to(Context.Device);
}
