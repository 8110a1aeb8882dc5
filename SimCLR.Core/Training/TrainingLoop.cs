using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>Takes a pretraining to its end: logs, watches, and writes checkpoints from which another process goes on bit for bit.</summary>
internal sealed class TrainingLoop : IDisposable
{
    private const int Intervals = 100;
    private const string LoopPrefix = "loop.";

    /// <summary>Training that is not done twice for want of a last checkpoint.</summary>
    private static readonly TimeSpan WorthKeeping = TimeSpan.FromSeconds(2);

    private static readonly JsonSerializerOptions Json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly Pretraining training;
    private readonly TrainingWatch watch;
    private readonly Checkpointing? checkpointing;
    private readonly Tensor recent;
    private readonly Tensor lastEpoch;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private List<TrainingProgress> progress = [];
    private TimeSpan earlier;
    private long started;
    private TimeSpan saved;
    private TimeSpan saveCost;

    internal TrainingLoop(Pretraining training, Checkpointing? checkpointing)
    {
        (this.training, this.checkpointing) = (training, checkpointing);
        watch = new TrainingWatch(training.Spec.Loss.Collapsed(training.Spec.BatchSize), training.WarmupSteps);
        recent = zeros(Pretraining.StepValues, device: training.Device).DetachFromDisposeScope();
        lastEpoch = zeros(Pretraining.StepValues, device: training.Device).DetachFromDisposeScope();
        started = training.Step;
    }

    /// <summary>Trains until the last step.</summary>
    internal PretrainingResult Run(Action<TrainingProgress>? report, CancellationToken cancellation)
    {
        Resume();
        training.SetTraining();
        var interval = Math.Max(1, training.TotalSteps / Intervals);
        var (since, at) = (training.Step, clock.Elapsed);
        using var pause = new CollectionPause();
        while (training.Step < training.TotalSteps)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save();
                cancellation.ThrowIfCancellationRequested();
            }
            pause.Renew();
            Step();
            if (training.Step % interval == 0 || training.Step == training.TotalSteps)
            {
                progress.Add(Measure(training.Step - since, at));
                (since, at) = (training.Step, clock.Elapsed);
                report?.Invoke(progress[^1]);
                watch.Look(progress[^1]);
            }
            if (checkpointing is not null && IsDue(checkpointing.Interval))
                Save();
        }
        // Evaluation follows: if it is interrupted, what has been trained is not trained again.
        if (IsDue(WorthKeeping))
            Save();
        return Summarize();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        recent.Dispose();
        lastEpoch.Dispose();
    }

    private void Step()
    {
        using var scope = NewDisposeScope();
        var values = training.TrainStep();
        recent.add_(values);
        if (training.Step > training.TotalSteps - training.StepsPerEpoch)
            lastEpoch.add_(values);
    }

    /// <summary>Means over the interval; steps of it that another process took have their part in the sums, not in the speed.</summary>
    private TrainingProgress Measure(long steps, TimeSpan since)
    {
        using var scope = NewDisposeScope();
        var before = progress.Count == 0 ? 0 : progress[^1].Step;
        var means = (recent / (training.Step - before)).cpu().data<float>().ToArray();
        // Only now are all steps done: a GPU is behind.
        var elapsed = clock.Elapsed - since;
        recent.zero_();
        var perStep = clock.Elapsed / Math.Max(1, training.Step - started);
        return new TrainingProgress(
            training.Step,
            training.TotalSteps,
            (double)training.Step / training.StepsPerEpoch,
            means[0],
            training.LearningRate,
            training.GradientNorm(),
            steps * training.Spec.BatchSize / elapsed.TotalSeconds,
            perStep * (training.TotalSteps - training.Step),
            means[3]
        );
    }

    private PretrainingResult Summarize()
    {
        using var scope = NewDisposeScope();
        var means = lastEpoch / Math.Min(training.StepsPerEpoch, training.TotalSteps);
        var values = means.cpu().data<float>().ToArray();
        var seconds = (earlier + clock.Elapsed).TotalSeconds;
        return new PretrainingResult(
            values[0],
            values[1],
            values[2],
            training.Step,
            seconds,
            training.Step * training.Spec.BatchSize / seconds,
            training.Waited / clock.Elapsed,
            progress
        );
    }

    /// <summary>Whether it is time for a checkpoint: seldom enough that writing takes less than a twentieth of the time.</summary>
    private bool IsDue(TimeSpan least) => clock.Elapsed - saved > (saveCost * 20 > least ? saveCost * 20 : least);

    private void Save()
    {
        if (checkpointing is null)
            return;
        var begin = clock.Elapsed;
        using var scope = NewDisposeScope();
        var tensors = training.State();
        tensors[LoopPrefix + nameof(recent)] = recent;
        tensors[LoopPrefix + nameof(lastEpoch)] = lastEpoch;
        var notes = new Dictionary<string, string>
        {
            ["seconds"] = (earlier + clock.Elapsed).TotalSeconds.ToString("R", CultureInfo.InvariantCulture),
            ["progress"] = JsonSerializer.Serialize(progress, Json),
        };
        checkpointing.Folder.Save(new Checkpoint(training.Step, tensors, notes));
        saved = clock.Elapsed;
        saveCost = saved - begin;
    }

    private void Resume()
    {
        using var checkpoint = checkpointing?.Folder.Newest();
        if (checkpoint is null)
            return;
        using var noGrad = no_grad();
        training.Restore(checkpoint);
        recent.copy_(checkpoint.Tensors[LoopPrefix + nameof(recent)]);
        lastEpoch.copy_(checkpoint.Tensors[LoopPrefix + nameof(lastEpoch)]);
        progress = JsonSerializer.Deserialize<List<TrainingProgress>>(checkpoint.Notes["progress"], Json)!;
        earlier = TimeSpan.FromSeconds(double.Parse(checkpoint.Notes["seconds"], CultureInfo.InvariantCulture));
        started = training.Step;
        progress.ForEach(watch.Look);
        checkpointing!.Resumed?.Invoke(training.Step);
    }
}
