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
    /// <summary>The name of one in which images look alike.</summary>
    public const string Collapsed = "collapsed";

    /// <summary>The name of one in which nothing is learnt.</summary>
    public const string LearntNothing = "learnt nothing";

    /// <summary>What a training comes to with it, in a word or two: the reason for which it fails.</summary>
    public string Name { get; internal init; } = Collapsed;

    /// <summary>Below this standard deviation of normalized embeddings, as a part of the largest possible, they are all alike.</summary>
    internal const double CollapsedDeviation = 0.02;

    /// <summary>Below this effective rank they are as good as on a line. SimSiam without predictor or without stopped gradient came to 1.04 to 1.07;
    /// trainings of SimSiam and BYOL that learnt ended above 2.1 (experiments/predictor-generated, momentum-generated and methods-generated).</summary>
    internal const double LineRank = 1.2;

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

    /// <summary>The collapse in which normalized embeddings lie on a line, at one of two places: all that batch norm at the end of the head leaves of a
    /// collapse.</summary>
    /// <param name="remedy">What to try, a sentence.</param>
    public static Collapse OntoLine(string remedy) =>
        new(
            Health.Rank,
            rank => rank < LineRank,
            false,
            now =>
                $"The embeddings have collapsed onto a line by step {now.Step}: their effective rank is {now[Health.Rank]:g3}, and each image has one of "
                + $"two places on it. {remedy}"
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
        )
        {
            Name = LearntNothing,
        };
}
