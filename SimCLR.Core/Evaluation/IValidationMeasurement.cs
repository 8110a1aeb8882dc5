using SimCLR.Core.Training;

namespace SimCLR.Core.Evaluation;

/// <summary>Something that can be measured of an encoder while it trains. What it is given holds no test images, so that a training may be ended by it.</summary>
public interface IValidationMeasurement
{
    /// <summary>Measures; changes neither encoder nor head, and draws from <see cref="Validation.Streams"/> alone.</summary>
    /// <exception cref="ArgumentException">It does not fit the encoder or the images; the message says what to change.</exception>
    /// <exception cref="TrainingFailedException">The features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<Figure> Measure(Validation validation);
}
