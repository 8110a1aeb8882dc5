using SimCLR.Core.Views;

namespace SimCLR.Core.Evaluation;

/// <summary>How representations are measured.</summary>
/// <param name="View">Applied to every image, the same way each time; its output has the size that the encoder was trained on.</param>
/// <param name="L2">Strengths that the linear probe chooses from.</param>
/// <param name="ValidationFraction">Part of the training images that it chooses on.</param>
/// <param name="NeighbourCount">k of the k-NN classifier.</param>
/// <param name="NeighbourTemperature">Its temperature.</param>
public sealed record EvaluationSpec(
    IView View,
    IReadOnlyList<double> L2,
    double ValidationFraction,
    int NeighbourCount,
    double NeighbourTemperature
);
