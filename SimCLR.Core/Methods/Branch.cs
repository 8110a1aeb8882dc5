using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>One pass of networks over views.</summary>
/// <param name="Networks">Which networks.</param>
/// <param name="Views">Numbers of the views, 0 the first. They go through in one pass, so that batch norm sees all of them.</param>
public sealed record Branch(Networks Networks, params IReadOnlyList<int> Views)
{
    /// <summary>Whether the loss's gradient goes back through it.</summary>
    public bool WithGradient { get; init; } = true;

    /// <summary>Groups of the batch that batch norm sees each by itself, as the devices of several would (He et al. 2020, 1911.05722, section
    /// 3.3); running statistics move by the mean of the groups'.</summary>
    public int NormGroups { get; init; } = 1;

    /// <summary>Whether images are put into groups anew, by chance, in every step.</summary>
    public bool Shuffled { get; init; }
}

/// <summary>What networks make of one view of a batch.</summary>
/// <param name="Projection">Embeddings z, [N, D], float32 or float64.</param>
/// <param name="Predicted">What the predictor makes of z, [N, D']; null: there is no predictor.</param>
public sealed record Embedding(Tensor Projection, Tensor? Predicted = null)
{
    /// <summary>What the predictor makes of z; z where there is none.</summary>
    public Tensor Prediction => Predicted ?? Projection;

    /// <summary>Its tensors.</summary>
    internal IEnumerable<Tensor> Tensors => Predicted is null ? [Projection] : [Projection, Predicted];

    /// <summary>Each tensor changed alike.</summary>
    internal Embedding Select(Func<Tensor, Tensor> change) =>
        new(change(Projection), Predicted is null ? null : change(Predicted));

    /// <summary>The embeddings of several views or parts, in order, as one.</summary>
    internal static Embedding Join(IReadOnlyList<Embedding> parts) => Join(parts, tensors => cat(tensors));

    /// <summary>The same, put together in another way.</summary>
    internal static Embedding Join(IReadOnlyList<Embedding> parts, Func<Tensor[], Tensor> join) =>
        new(
            join([.. parts.Select(part => part.Projection)]),
            parts[0].Predicted is null ? null : join([.. parts.Select(part => part.Predicted!)])
        );

    /// <summary>The embeddings of so many views that stand below each other.</summary>
    internal IReadOnlyList<Embedding> Split(int views) =>
        Predicted is null
            ? [.. Projection.chunk(views).Select(z => new Embedding(z))]
            : [.. Projection.chunk(views).Zip(Predicted.chunk(views), (z, p) => new Embedding(z, p))];
}
