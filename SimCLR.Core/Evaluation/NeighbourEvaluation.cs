using SimCLR.Core.Training;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Nearest-neighbour (k-NN) classification of the test images' h by that of the training images (Wu et al. 2018, 1805.01978, section 3.4). k and
/// temperature are those of <see cref="Pretrained.Evaluation"/>; nothing is fitted or chosen.
/// </summary>
public sealed record NeighbourEvaluation : IMeasurement
{
    /// <summary>Test accuracy, as a fraction.</summary>
    public const string Top1 = "top-1";

    /// <inheritdoc/>
    public void Check(Pretrained beforeTraining) =>
        NearestNeighbours.Check([
            (beforeTraining.Evaluation.NeighbourCount, beforeTraining.Evaluation.NeighbourTemperature),
        ]);

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained) =>
        [
            new Figure(
                Top1,
                NearestNeighbours.Top1(
                    pretrained.TrainFeatures(),
                    pretrained.TestFeatures(),
                    pretrained.Evaluation.NeighbourCount,
                    pretrained.Evaluation.NeighbourTemperature,
                    pretrained.Cancellation
                )
            ),
        ];
}
