using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

/// <summary>A method with another loss, or that moves in another way: mistakes that tests must tell from it, and what is looked at in the midst of a step.</summary>
internal sealed class ChangedMethod(IMethod inner) : IMethod
{
    /// <summary>In the place of its loss; null: its own.</summary>
    internal Func<IReadOnlyList<Embedding>, StepInput, Tensor>? OtherLoss { get; init; }

    /// <summary>In the place of what moves after a step; null: its own.</summary>
    internal Action<IReadOnlyList<Embedding>, StepInput>? OtherAfterStep { get; init; }

    public IReadOnlyList<Networks> Networks => inner.Networks;

    public Networks Evaluated => inner.Evaluated;

    public IReadOnlyList<ParameterGroup> Groups => inner.Groups;

    public IReadOnlyList<Branch> Branches => inner.Branches;

    public IReadOnlyDictionary<string, Tensor> State => inner.State;

    public IReadOnlyList<(string Name, FigureUnit Unit)> Figures => inner.Figures;

    public IReadOnlyList<Collapse> Collapses => inner.Collapses;

    public void BeforeStep(StepInput input) => inner.BeforeStep(input);

    public Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        OtherLoss is null ? inner.Loss(embeddings, input) : OtherLoss(embeddings, input);

    public void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input) =>
        (OtherAfterStep ?? inner.AfterStep)(embeddings, input);

    public IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings) =>
        inner.Measure(loss, embeddings);

    public void Dispose() => inner.Dispose();
}
