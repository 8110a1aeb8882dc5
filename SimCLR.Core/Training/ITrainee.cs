using SimCLR.Core.Distributed;
using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>
/// What <see cref="TrainingLoop"/> trains, step by step. A step must depend on nothing but the state, the images and the step's number, so
/// that a training that is taken up from a checkpoint ends bit for bit as one that was not interrupted.
/// </summary>
public interface ITrainee
{
    /// <summary>What it is called in messages, for example "fine-tuning".</summary>
    string Name { get; }

    /// <summary>Where it is trained.</summary>
    Device Device { get; }

    /// <summary>The number format that it computes in; never <see cref="Precision.Auto"/>.</summary>
    Precision Precision { get; }

    /// <summary>Who trains it: every rank takes its steps; rank 0 alone writes.</summary>
    ICollective Ranks => Alone.Instance;

    /// <summary>What takes figures of it from time to time, and may end it; the same on every rank. Null: nothing does.</summary>
    IMonitor? Monitor => null;

    /// <summary>Images of a step.</summary>
    int BatchSize { get; }

    /// <summary>Steps of one epoch.</summary>
    long StepsPerEpoch { get; }

    /// <summary>Steps of the whole training.</summary>
    long TotalSteps { get; }

    /// <summary>Steps done.</summary>
    long StepsDone { get; }

    /// <summary>Names and units of a step's figures; the first is "loss".</summary>
    IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; }

    /// <summary>Learning rate of the last step.</summary>
    double LearningRate { get; }

    /// <summary>How long it has waited for images so far.</summary>
    TimeSpan Waited { get; }

    /// <summary>All that the coming steps depend on, by name: the tensors in use, which checkpoints save and put back.</summary>
    IReadOnlyDictionary<string, Tensor> State { get; }

    /// <summary>What is left of it when it ends, by name: the tensors in use. A part of <see cref="State"/>, or all.</summary>
    IReadOnlyDictionary<string, Tensor> Kept => State;

    /// <summary>Takes one step; nothing is read back from the device.</summary>
    /// <returns>Its figures, [figures], float32, on the device; the caller disposes them.</returns>
    Tensor Step();

    /// <summary>L2 norm of the gradient of all parameters at the last step; waits for the device.</summary>
    double GradientNorm();

    /// <summary>Goes on from another step, whose state has been put back.</summary>
    /// <param name="step">Steps done, 0 to <see cref="TotalSteps"/>.</param>
    void Restore(long step);

    /// <summary>Looks at the newest logging interval; of a training that is taken up, first at those before.</summary>
    /// <exception cref="TrainingFailedException">The training has gone wrong; the message says what was seen, and what to try.</exception>
    void Look(TrainingProgress progress);
}
