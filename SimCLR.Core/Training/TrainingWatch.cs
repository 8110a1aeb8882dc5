using SimCLR.Core.Methods;

namespace SimCLR.Core.Training;

/// <summary>Looks at every logging interval and fails a pretraining that has gone wrong, with what was seen and what to try.</summary>
/// <param name="collapses">How the method can go wrong.</param>
/// <param name="warmupSteps">Steps during which little can be expected.</param>
/// <param name="tell">Is told of a collapse, whose training goes on; null: it fails.</param>
internal sealed class TrainingWatch(IReadOnlyList<Collapse> collapses, long warmupSteps, Action<string>? tell = null)
{
    /// <summary>Intervals in a row that must look so, and must not for the training to have come out of it.</summary>
    internal const int Patience = 5;

    /// <summary>Steps after the warmup in which the loss has time to leave where it began.</summary>
    internal const int Grace = 100;

    private readonly int[] seen = new int[collapses.Count];
    private readonly int[] unseen = new int[collapses.Count];

    /// <summary>By which step each was told of; null: it was not, or the training has come out of it.</summary>
    private readonly long?[] told = new long?[collapses.Count];

    /// <summary>The step by which the training had collapsed; null: it has not, or has come out of it.</summary>
    internal long? CollapsedAt => told.Min();

    /// <summary>Looks at the newest interval.</summary>
    /// <exception cref="TrainingFailedException">The training has gone wrong.</exception>
    /// <exception cref="TrainingCollapsedException">It has collapsed, and nobody is to be told instead.</exception>
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
        for (var i = 0; i < seen.Length; i++)
        {
            var collapse = collapses[i];
            var counts = collapse.AtOnce || now.Step > warmupSteps + Grace;
            // A point of before an interruption may be of a version without the figure.
            var looksSo =
                counts
                && now.Figures.FirstOrDefault(figure => figure.Name == collapse.Figure) is { } figure
                && collapse.IsSeen(figure.Value);
            (seen[i], unseen[i]) = looksSo ? (seen[i] + 1, 0) : (0, unseen[i] + 1);
            if (unseen[i] >= Patience)
                told[i] = null;
            if (seen[i] >= Patience && told[i] is null)
                Tell(i, now);
        }
    }

    private void Tell(int i, TrainingProgress now)
    {
        var message = collapses[i].Message(now);
        if (tell is null)
            throw new TrainingCollapsedException(collapses[i].Name, message);
        // One collapse may look like another too: the first says it.
        if (CollapsedAt is null)
            tell($"{message} The training goes on.");
        told[i] = now.Step;
    }
}
