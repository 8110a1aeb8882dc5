using SimCLR.Core.Training;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Something that can be measured of a pretrained encoder. Measuring changes neither encoder nor head, depends on no measurement taken
/// before, and ends soon after <see cref="Pretrained.Cancellation"/> asks for it.
/// </summary>
public interface IMeasurement
{
    /// <summary>What has to see the training; null for most. Called before it begins.</summary>
    IStepObserver? Observer(Pretrained beforeTraining) => null;

    /// <summary>Fails where it is known before the training that nothing can be measured.</summary>
    /// <exception cref="ArgumentException">It does not fit the images; the message says what to change.</exception>
    void Check(Pretrained beforeTraining) { }

    /// <summary>Measures.</summary>
    /// <exception cref="ArgumentException">It does not fit the encoder or the images; the message says what to change.</exception>
    /// <exception cref="TrainingFailedException">A training of the measurement diverged, or the features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<Figure> Measure(Pretrained pretrained);
}
