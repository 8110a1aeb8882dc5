using System.Diagnostics;
using SimCLR.Core.Distributed;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>Takes a training to its end: logs, watches, and writes checkpoints from which another process goes on bit for bit. Where several ranks
/// train, rank 0 reads and writes them, and all stop as soon as one is asked to.</summary>
public sealed class TrainingLoop : IDisposable
{
    private const int Intervals = 100;

    /// <summary>Training that is not done twice for want of a last checkpoint.</summary>
    private static readonly TimeSpan WorthKeeping = TimeSpan.FromSeconds(2);

    private readonly ITrainee trainee;
    private readonly ICollective ranks;
    private readonly Checkpointing? checkpointing;
    private readonly Tensor recent;
    private readonly Tensor lastEpoch;

    /// <summary>The sum of the losses of this process's steps: finite as long as each of them was.</summary>
    private readonly Tensor losses;

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly List<TrainingProgress> progress = [];
    private readonly List<TrainingSegment> segments = [];
    private TimeSpan earlier;
    private double earlierWattHours;
    private readonly long interval;
    private long started;

    /// <summary>Null: all figures are summed from the start.</summary>
    private SummedFigures? summed;

    /// <summary>Step and time of the newest point of this process.</summary>
    private (long Step, TimeSpan Time) since;

    /// <summary>Whether the monitor has ended the training.</summary>
    private bool ended;

    /// <summary>Null: what is left is of the last step.</summary>
    private readonly BestWeights? best;

    /// <summary>The point of the step done, while its monitor is not taken: speed and gradient are not there any more when it goes on later.</summary>
    private TrainingProgress? pending;
    private long? savedStep;
    private TimeSpan saved;
    private TimeSpan saveCost;

    /// <summary>Whether it was said that what is not finite is not saved.</summary>
    private bool told;

    private TrainingLoop(ITrainee trainee, Checkpointing? checkpointing)
    {
        (this.trainee, this.checkpointing, ranks) = (trainee, checkpointing, trainee.Ranks);
        interval = Math.Max(1, trainee.TotalSteps / Intervals);
        recent = zeros(trainee.Figures.Count, device: trainee.Device).DetachFromDisposeScope();
        lastEpoch = zeros(trainee.Figures.Count, device: trainee.Device).DetachFromDisposeScope();
        losses = zeros([], device: trainee.Device).DetachFromDisposeScope();
        if (trainee.Monitor?.Stopping is { KeepsBest: true })
            best = new BestWeights(trainee);
    }

    /// <summary>Trains until the last step.</summary>
    /// <param name="trainee">What is trained.</param>
    /// <param name="report">Told of every logging interval: a hundredth of the steps, one at least.</param>
    /// <param name="cancellation">Ends the training after the step in progress, with a checkpoint.</param>
    /// <param name="checkpointing">Takes the training up where its newest checkpoint is, and writes new ones, of finite states only; null: none.</param>
    /// <exception cref="TrainingFailedException">The training has gone wrong, or the checkpoint is of another one.</exception>
    /// <exception cref="TrainingInterruptedException">Cancelled.</exception>
    /// <exception cref="IOException">A checkpoint is there and cannot be read.</exception>
    public static TrainingResult Train(
        ITrainee trainee,
        Action<TrainingProgress>? report = null,
        CancellationToken cancellation = default,
        Checkpointing? checkpointing = null
    )
    {
        using var loop = new TrainingLoop(trainee, checkpointing);
        return loop.Run(report, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        recent.Dispose();
        lastEpoch.Dispose();
        losses.Dispose();
        best?.Dispose();
    }

    private TrainingResult Run(Action<TrainingProgress>? report, CancellationToken cancellation)
    {
        Resume();
        since = (trainee.StepsDone, clock.Elapsed);
        using var pause = new CollectionPause();
        while (IsWanting || (trainee.StepsDone < trainee.TotalSteps && !ended))
        {
            // A signal reaches one rank before another.
            if (ranks.Any(cancellation.IsCancellationRequested))
            {
                Save();
                throw new TrainingInterruptedException(trainee.Name, trainee.StepsDone, savedStep, cancellation);
            }
            pause.Renew();
            if (!IsWanting)
                Step();
            if (IsWanting)
                Log(report, cancellation);
            if (checkpointing is not null && IsDue(checkpointing.Interval))
                Save();
        }
        // Evaluation follows: if it is interrupted, what has been trained is not trained again.
        if (clock.Elapsed - saved > WorthKeeping || checkpointing?.Interval < WorthKeeping)
            Save();
        if (best is not null && ranks.Any(BestStep is not null))
            best.PutBack();
        return Summarize();
    }

    /// <summary>Whether the step done has a point that is not taken yet; one that was interrupted while it was monitored has.</summary>
    private bool IsWanting =>
        trainee.StepsDone > (progress.Count == 0 ? 0 : progress[^1].Step)
        && (EndsInterval(trainee.StepsDone) || IsMonitored(trainee.StepsDone));

    private bool EndsInterval(long step) => step % interval == 0 || step == trainee.TotalSteps;

    private bool IsMonitored(long step) =>
        trainee.Monitor is { } monitor
        && (step % (monitor.Epochs * trainee.StepsPerEpoch) == 0 || step == trainee.TotalSteps);

    /// <summary>Takes the point of the step done. One within an interval has the means up to it, and leaves the interval's as they are without it.</summary>
    private void Log(Action<TrainingProgress>? report, CancellationToken cancellation)
    {
        var (step, isRegular) = (trainee.StepsDone, EndsInterval(trainee.StepsDone));
        var point = pending ?? Measure();
        pending = null;
        if (IsMonitored(step))
        {
            var seen = Monitored(cancellation);
            ranks.Barrier();
            if (ranks.Any(seen is null))
            {
                pending = point;
                return;
            }
            point = point with { Figures = [.. point.Figures, .. seen!] };
        }
        progress.Add(point);
        since = (step, clock.Elapsed);
        report?.Invoke(point);
        if (isRegular)
        {
            recent.zero_();
            trainee.Look(point);
        }
        if (!IsMonitored(step))
            return;
        ended = IsEnded();
        if (best is not null && ranks.Any(BestStep == step))
            best.Take();
    }

    /// <summary>The step of the best look so far, which rank 0 knows; null: there was none, or what is left is of the last step.</summary>
    private long? BestStep => best is null || ranks.Rank > 0 ? null : trainee.Monitor!.Stopping!.Best(progress);

    /// <summary>The monitor's figures, which rank 0 takes; null: interrupted.</summary>
    private IReadOnlyList<Figure>? Monitored(CancellationToken cancellation)
    {
        if (ranks.Rank > 0)
            return [];
        try
        {
            return trainee.Monitor!.Measure(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Whether the figures so far end the training: rank 0 decides.</summary>
    private bool IsEnded() =>
        trainee.Monitor?.Stopping is { } stopping && ranks.Any(ranks.Rank == 0 && stopping.Ends(progress));

    private void Step()
    {
        using var scope = NewDisposeScope();
        var values = trainee.Step();
        recent.add_(values);
        // Any epoch may be the last one where a monitor may end the training.
        if (trainee.Monitor is not null && trainee.StepsDone % trainee.StepsPerEpoch == 1 % trainee.StepsPerEpoch)
            lastEpoch.zero_();
        if (trainee.Monitor is not null || trainee.StepsDone > trainee.TotalSteps - trainee.StepsPerEpoch)
            lastEpoch.add_(values);
        losses.add_(values[0]);
    }

    /// <summary>Means over the interval so far; steps of it that another process took have their part in the sums, not in the speed.</summary>
    private TrainingProgress Measure()
    {
        var steps = trainee.StepsDone - since.Step;
        var before = (trainee.StepsDone - 1) / interval * interval;
        var figures = Means(recent, before);
        // Only now are all steps done: a GPU is behind.
        var elapsed = clock.Elapsed - since.Time;
        var perStep = clock.Elapsed / Math.Max(1, trainee.StepsDone - started);
        return new TrainingProgress(
            trainee.StepsDone,
            trainee.TotalSteps,
            (double)trainee.StepsDone / trainee.StepsPerEpoch,
            trainee.LearningRate,
            steps * trainee.BatchSize / elapsed.TotalSeconds,
            perStep * (trainee.TotalSteps - trainee.StepsDone),
            [.. figures, new Figure(TrainingProgress.GradientNorm, trainee.GradientNorm(), FigureUnit.Plain)],
            UnixTime.Now
        );
    }

    private TrainingResult Summarize()
    {
        var seconds = (earlier + clock.Elapsed).TotalSeconds;
        return new TrainingResult(
            Means(lastEpoch, trainee.StepsDone - Math.Min(trainee.StepsPerEpoch, trainee.TotalSteps)),
            trainee.StepsDone,
            seconds,
            trainee.StepsDone * trainee.BatchSize / seconds,
            trainee.Waited / clock.Elapsed,
            progress,
            segments
        )
        {
            KeptStep = BestStep ?? trainee.StepsDone,
            EarlierWattHours = earlierWattHours,
        };
    }

    /// <summary>Means of sums that began when so many steps were done; not a number where nothing was summed.</summary>
    private IReadOnlyList<Figure> Means(Tensor sums, long begin)
    {
        using var scope = NewDisposeScope();
        var (now, steps) = (trainee.StepsDone, trainee.StepsDone - begin);
        var means = (sums / steps).cpu().data<float>().ToArray();
        return [.. trainee.Figures.Select((figure, i) => new Figure(figure.Name, Mean(i), figure.Unit))];

        float Mean(int i) =>
            summed?.Steps(i, begin, now) switch
            {
                null => means[i],
                <= 0 => float.NaN,
                var own when own == steps => means[i],
                var own => means[i] * steps / own.Value,
            };
    }

    /// <summary>Whether it is time for a checkpoint: seldom enough that writing takes less than a twentieth of the time.</summary>
    private bool IsDue(TimeSpan least) => clock.Elapsed - saved > (saveCost * 20 > least ? saveCost * 20 : least);

    private void Save()
    {
        if (checkpointing is null || ranks.Rank > 0 || savedStep == trainee.StepsDone)
            return;
        var begin = clock.Elapsed;
        using var scope = NewDisposeScope();
        var tensors = State();
        var notes = new TrainingNotes(
            (earlier + clock.Elapsed).TotalSeconds,
            progress,
            segments,
            earlierWattHours + (checkpointing.WattHours?.Invoke() ?? 0),
            pending,
            summed
        );
        // What has diverged is not saved: the checkpoint before stays, from which another attempt can go on. A figure of a method may be no number.
        var isFinite = IsFinite([
            losses,
            .. tensors.Where(named => !named.Key.StartsWith(Checkpoint.Sums)).Select(named => named.Value),
        ]);
        if (!isFinite && !told)
            checkpointing.Warn?.Invoke(
                $"No checkpoint at step {trainee.StepsDone}: the loss or a weight is not finite. The one before stays."
            );
        told |= !isFinite;
        if (isFinite && checkpointing.Folder.Save(new Checkpoint(trainee.StepsDone, tensors, notes.Write())))
            savedStep = trainee.StepsDone;
        saved = clock.Elapsed;
        saveCost = saved - begin;
    }

    private Dictionary<string, Tensor> State()
    {
        var state = new Dictionary<string, Tensor>(trainee.State)
        {
            [Checkpoint.Sums + nameof(recent)] = recent,
            [Checkpoint.Sums + nameof(lastEpoch)] = lastEpoch,
        };
        foreach (var (name, tensor) in best?.State ?? [])
            state.Add(name, tensor);
        return state;
    }

    /// <summary>Whether every number is finite; waits for the device once.</summary>
    private bool IsFinite(IEnumerable<Tensor> tensors)
    {
        using var noGrad = no_grad();
        var each = tensors
            .Where(tensor => tensor.is_floating_point())
            .Select(tensor => tensor.isfinite().all().to(trainee.Device));
        return stack(each).all().ToBoolean();
    }

    private void Resume()
    {
        using var checkpoint = SharedCheckpoint.Newest(ranks, checkpointing?.Folder, State(), trainee);
        if (checkpoint is not null)
        {
            var notes = TrainingNotes.Read(checkpoint.Notes);
            trainee.Restore(checkpoint.Step);
            progress.AddRange(notes.Progress);
            segments.AddRange(notes.Segments);
            pending = notes.Pending;
            var known = ranks.FromFirst(
                checkpoint.Tensors.TryGetValue(Checkpoint.Sums + nameof(recent), out var sums) ? sums.shape[0] : 0
            );
            summed = known < trainee.Figures.Count ? new SummedFigures((int)known, checkpoint.Step) : notes.Summed;
            (earlier, earlierWattHours) = (TimeSpan.FromSeconds(notes.Seconds), notes.WattHours);
            savedStep = checkpoint.Step;
            progress.Where(point => EndsInterval(point.Step)).ToList().ForEach(trainee.Look);
            checkpointing?.Resumed?.Invoke(checkpoint.Step);
        }
        started = trainee.StepsDone;
        ended = IsEnded();
        if (trainee.StepsDone < trainee.TotalSteps && !ended)
            Begin(TrainingSegment.Begin(trainee, checkpointing?.Setting ?? new Dictionary<string, string>()));
    }

    /// <summary>Goes on with the last segment, or with a new one where something has changed.</summary>
    private void Begin(TrainingSegment now)
    {
        if (segments.Count > 0 && segments[^1].IsLike(now))
            return;
        if (segments.Count > 0 && segments[^1].ChangesIn(now).ToList() is { Count: > 0 } changes)
            checkpointing?.Warn?.Invoke(
                $"{trainee.Name} goes on from step {now.FromStep} under other conditions: {string.Join("; ", changes)}. "
                    + "What it comes to is not bit for bit what it would be without the interruption."
            );
        segments.Add(now);
    }
}
