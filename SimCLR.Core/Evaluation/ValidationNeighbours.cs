using SimCLR.Core.Training;

namespace SimCLR.Core.Evaluation;

/// <summary>Nearest-neighbour (k-NN) classification of the images held out by the others' h (Wu et al. 2018, 1805.01978, section 3.4).</summary>
/// <param name="K">Neighbours that vote, 1 or more; all there are when there are fewer.</param>
/// <param name="Temperature">Temperature of their votes, above 0.</param>
public sealed record ValidationNeighbours(int K, double Temperature) : IValidationMeasurement
{
    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Validation validation) =>
        [
            new Figure(
                NeighbourEvaluation.Top1,
                NearestNeighbours.Top1(validation.Fit(), validation.HeldOut(), K, Temperature, validation.Cancellation)
            ),
        ];
}
