using SimCLR.Core.Views;

namespace SimCLR.Core.Evaluation;

/// <summary>How representations are measured.</summary>
/// <param name="Picture">View of every image, the same each time; its output has the size that the encoder was trained on, in [0, 1].</param>
/// <param name="L2">Strengths that the linear probe chooses from, 0 or more.</param>
/// <param name="ValidationFraction">Part of the training images that it chooses on, between 0 and 1.</param>
/// <param name="NeighbourCount">Neighbours that vote in the k-NN classifier, 1 or more.</param>
/// <param name="NeighbourTemperature">Temperature of their votes, above 0.</param>
/// <param name="Normalization">What the encoder was trained to have done to every image at the end; null: it takes images in [0, 1].</param>
public sealed record EvaluationSpec(
    IView Picture,
    IReadOnlyList<double> L2,
    double ValidationFraction,
    int NeighbourCount,
    double NeighbourTemperature,
    IView? Normalization = null
)
{
    /// <summary>Images as the encoder takes them.</summary>
    public IView View => Normalization is null ? Picture : new Sequence(Picture, Normalization);
}
