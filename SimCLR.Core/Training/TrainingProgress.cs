namespace SimCLR.Core.Training;

/// <summary>What a logging interval saw; means are over the steps since the one before.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Epoch">Passes done, with their fraction.</param>
/// <param name="Loss">Mean loss.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="GradientNorm">L2 norm of the gradient of all parameters at the last step.</param>
/// <param name="ImagesPerSecond">Images (not views) per second.</param>
/// <param name="Remaining">Estimated time to the end of the run.</param>
/// <param name="EmbeddingDeviation">Mean standard deviation of the normalized embeddings, as a part of the largest possible: 0 when all are equal, 1 when they spread evenly.</param>
public sealed record TrainingProgress(
    long Step,
    long TotalSteps,
    double Epoch,
    double Loss,
    double LearningRate,
    double GradientNorm,
    double ImagesPerSecond,
    TimeSpan Remaining,
    double EmbeddingDeviation
);

/// <summary>What a pretraining run ended with.</summary>
/// <param name="Loss">Mean loss of the last epoch.</param>
/// <param name="Entropy">Mean entropy of the softmax over the batch, in nats, in the last epoch.</param>
/// <param name="ContrastiveTop1">How often the positive is the most similar, in the last epoch, as a fraction.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="Seconds">Wall time of the training loop.</param>
/// <param name="ImagesPerSecond">Images per second of that time.</param>
/// <param name="Progress">Every logging interval, in order.</param>
public sealed record PretrainingResult(
    double Loss,
    double Entropy,
    double ContrastiveTop1,
    long Steps,
    double Seconds,
    double ImagesPerSecond,
    IReadOnlyList<TrainingProgress> Progress
);

/// <summary>Training cannot go on: the message says what was seen at which step, and what to try.</summary>
public sealed class TrainingFailedException(string message) : Exception(message);
