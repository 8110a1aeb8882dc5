namespace SimCLR.CSharp.Components;

// Here, as the values of the namespace SimCLR have some of these names, too.
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

/// <summary>A method of one's own: each view's z is to find, among the batch, what networks that follow make of the other view. Momentum contrast (He et al.
/// 2020, 1911.05722) without a queue.</summary>
internal sealed class Follower(MethodContext context, double momentum, double temperature) : IMethod
{
    private readonly Target target = new(context, new MomentumSchedule(momentum, momentum));

    public IReadOnlyList<Networks> Networks => [context.Online, target.Networks];

    public Networks Evaluated => context.Online;

    public IReadOnlyList<ParameterGroup> Groups { get; } = context.Online.Groups();

    public IReadOnlyList<Branch> Branches =>
        field ??= [
            new(context.Online, 0),
            new(context.Online, 1),
            new(target.Networks, 0) { WithGradient = false },
            new(target.Networks, 1) { WithGradient = false },
        ];

    public IReadOnlyDictionary<string, Tensor> State => target.Networks.State.ToDictionary();

    public IReadOnlyList<(string Name, FigureUnit Unit)> Figures => Health.Figures;

    public IReadOnlyList<Collapse> Collapses => [Collapse.OfEmbeddings("Raise the temperature or the momentum.")];

    public Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        Find(embeddings[0], embeddings[3]) + Find(embeddings[1], embeddings[2]);

    public IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings) =>
        Health.Of(loss, embeddings[0].Projection);

    public void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input) => target.Follow(input.Step);

    public void Dispose() => target.Dispose();

    /// <summary>The cross-entropy of finding the other view's row by each row.</summary>
    private Tensor Find(Embedding view, Embedding other)
    {
        var scores = functional.normalize(view.Projection).mm(functional.normalize(other.Projection).t()) / temperature;
        return functional.cross_entropy(scores, arange(scores.shape[0], device: scores.device));
    }
}
