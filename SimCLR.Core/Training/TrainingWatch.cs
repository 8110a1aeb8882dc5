namespace SimCLR.Core.Training;

/// <summary>Looks at every logging interval and fails a pretraining that has gone wrong, with what was seen and what to try.</summary>
/// <param name="collapsedLoss">The loss when all embeddings are equal; null where the loss has no such value.</param>
/// <param name="warmupSteps">Steps during which little can be expected.</param>
internal sealed class TrainingWatch(double? collapsedLoss, long warmupSteps)
{
    /// <summary>Below this standard deviation of normalized embeddings, as a part of the largest possible, they are all alike.</summary>
    internal const double CollapsedDeviation = 0.02;

    /// <summary>So near, relatively, to the collapsed loss nothing has been learnt.</summary>
    internal const double StuckDistance = 1e-3;

    /// <summary>Intervals in a row that must look so.</summary>
    internal const int Patience = 5;

    /// <summary>Steps after the warmup in which the loss has time to leave where it began.</summary>
    internal const int Grace = 100;

    private int collapsed;
    private int stuck;

    /// <summary>Looks at the newest interval.</summary>
    /// <exception cref="TrainingFailedException">The training has gone wrong.</exception>
    internal void Look(TrainingProgress now)
    {
        if (!double.IsFinite(now.Loss))
            throw new TrainingFailedException(
                $"The loss is {now.Loss} by step {now.Step}: training has diverged. "
                    + $"Lower the learning rate (now {now.LearningRate:g3}), lengthen the warmup, or raise the temperature."
            );
        var gradientNorm = now[TrainingProgress.GradientNorm];
        if (!double.IsFinite(gradientNorm))
            throw new TrainingFailedException(
                $"The gradient's norm is {gradientNorm} at step {now.Step}, the loss {now.Loss:g4}: training is about to diverge. "
                    + $"Lower the learning rate (now {now.LearningRate:g3}), raise the temperature, or train in float32."
            );
        var deviation = now[Pretraining.Deviation];
        collapsed = deviation < CollapsedDeviation ? collapsed + 1 : 0;
        if (collapsed >= Patience)
            throw new TrainingFailedException(
                $"The embeddings have collapsed by step {now.Step}: their standard deviation is {deviation:g2} of the largest possible, "
                    + "so that all images look the same to the loss. Lower the learning rate or the weight decay, "
                    + "or use batch norm in the head."
            );
        var past = now.Step > warmupSteps + Grace;
        stuck = past && collapsedLoss is { } c && Math.Abs(now.Loss - c) < StuckDistance * c ? stuck + 1 : 0;
        if (stuck >= Patience)
            throw new TrainingFailedException(
                $"The loss is stuck at {now.Loss:g4} by step {now.Step}, where it is when nothing is learnt (ln(2N - 1) = {collapsedLoss:g4}). "
                    + $"Raise the learning rate (now {now.LearningRate:g3}), lower the temperature, or weaken the views."
            );
    }
}
