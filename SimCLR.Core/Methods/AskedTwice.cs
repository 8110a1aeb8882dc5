using SimCLR.Core.Optimizers;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>A method that is watched: its loss is asked for twice, and what is wrong with what it gives is noted.</summary>
internal sealed class AskedTwice(IMethod inner, ICollection<string> wrong) : IMethod
{
    public IReadOnlyList<Networks> Networks => inner.Networks;

    public Networks Evaluated => inner.Evaluated;

    public IReadOnlyList<ParameterGroup> Groups => inner.Groups;

    public IReadOnlyList<Branch> Branches => inner.Branches;

    public IReadOnlyDictionary<string, Tensor> State => inner.State;

    public IReadOnlyList<(string Name, FigureUnit Unit)> Figures => inner.Figures;

    public IReadOnlyList<Collapse> Collapses => inner.Collapses;

    public void BeforeStep(StepInput input) => inner.BeforeStep(input);

    public Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input)
    {
        var before = embeddings.SelectMany(embedding => embedding.Tensors).Select(Copy).ToList();
        using var first = inner.Loss(embeddings, input);
        var loss = inner.Loss(embeddings, input);
        if (loss.numel() != 1)
            throw new ArgumentException(
                $"Its loss is [{string.Join(", ", loss.shape)}]; give a scalar, for example a mean."
            );
        if (!loss.isfinite().item<bool>())
            Note("its loss of random embeddings is not finite; guard logarithms, roots and quotients.");
        else if (!first.Equals(loss))
            Note(
                "its loss is another when it is asked for again; draw in BeforeStep, and move what moves in AfterStep."
            );
        if (
            !before
                .Zip(embeddings.SelectMany(embedding => embedding.Tensors))
                .All(pair => pair.First.Equals(pair.Second))
        )
            Note("its loss changes the embeddings; work without operations that end in _ on them.");
        return loss;
    }

    public void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input) => inner.AfterStep(embeddings, input);

    public IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings)
    {
        var figures = inner.Measure(loss, embeddings);
        if (inner.Figures.Count == 0 || inner.Figures[0].Name != "loss")
            Note("its first figure is not 'loss'; give the loss first, under this name.");
        if (figures.Count != inner.Figures.Count)
            throw new ArgumentException(
                $"It names {inner.Figures.Count} figures, but measures {figures.Count}; give as many of both."
            );
        return figures;
    }

    public void Dispose() => inner.Dispose();

    private void Note(string problem)
    {
        if (!wrong.Contains(problem))
            wrong.Add(problem);
    }

    private static Tensor Copy(Tensor tensor)
    {
        using var noGrad = no_grad();
        return tensor.detach().clone();
    }
}
