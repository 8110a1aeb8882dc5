using SimCLR.Core.Training;

namespace SimCLR.Core.Evaluation;

/// <summary>A figure that was measured.</summary>
/// <param name="Name">Within its measurement, for example "top-1".</param>
/// <param name="Value">Accuracies are fractions.</param>
public readonly record struct Figure(string Name, double Value);

/// <summary>
/// Something that can be measured of a pretrained encoder beyond the standard probe and k-NN. Measuring changes neither encoder nor head,
/// and depends on no measurement taken before.
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
    /// <exception cref="TrainingFailedException">A training of the measurement diverged.</exception>
    IReadOnlyList<Figure> Measure(Pretrained pretrained);
}
