using SimCLR.Core.Training;

namespace SimCLR.Core.Methods;

/// <summary>A way in which a training goes wrong that one of its figures shows.</summary>
/// <param name="Figure">Name of the figure.</param>
/// <param name="IsSeen">Whether its value shows it.</param>
/// <param name="AtOnce">Whether it is told of from the first step on; false: only some steps after the warmup, since a training may begin there.</param>
/// <param name="Message">What was seen, and what to try.</param>
public sealed record Collapse(
    string Figure,
    Func<double, bool> IsSeen,
    bool AtOnce,
    Func<TrainingProgress, string> Message
)
{
    /// <summary>Below this standard deviation of normalized embeddings, as a part of the largest possible, they are all alike.</summary>
    internal const double CollapsedDeviation = 0.02;

    /// <summary>So near, relatively, to the loss of a training that learns nothing.</summary>
    internal const double StuckDistance = 1e-3;

    /// <summary>The collapse in which all images have the same embedding.</summary>
    /// <param name="remedy">What to try, a sentence.</param>
    /// <param name="loss">What else is said of the loss then.</param>
    public static Collapse OfEmbeddings(string remedy, string loss = "") =>
        new(
            Health.Deviation,
            deviation => deviation < CollapsedDeviation,
            true,
            now =>
                $"The embeddings have collapsed by step {now.Step}: their standard deviation is {now[Health.Deviation]:g2} of the largest possible, "
                + $"so that all images look the same to the loss{loss}. {remedy}"
        );

    /// <summary>The collapse in which the loss stays what it is when nothing is learnt.</summary>
    /// <param name="value">That loss, which another within a thousandth counts as.</param>
    /// <param name="formula">How it comes about, for example "ln(2N - 1)".</param>
    /// <param name="remedy">What to try, given the learning rate.</param>
    public static Collapse AtLoss(double value, string formula, Func<double, string> remedy) =>
        new(
            "loss",
            loss => Math.Abs(loss - value) < StuckDistance * Math.Max(Math.Abs(value), 1e-2),
            false,
            now =>
                $"The loss is stuck at {now.Loss:g4} by step {now.Step}, where it is when nothing is learnt ({formula} = {value:g4}). "
                + remedy(now.LearningRate)
        );
}
