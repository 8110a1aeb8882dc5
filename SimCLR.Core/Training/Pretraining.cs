using System.Diagnostics;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>
/// SimCLR pretraining (2002.05709, Algorithm 1) of one encoder on images that lie on the device. Both views of a batch go through the
/// encoder in one forward pass, so that batch norm sees all 2N of them, as in the reference code.
/// </summary>
public sealed class Pretraining : IDisposable
{
    private const int Intervals = 100;

    private readonly PretrainingSpec spec;
    private readonly ImageSet images;
    private readonly Device device;
    private readonly Precision precision;
    private readonly RandomStreams streams;
    private readonly IOptimizer optimizer;
    private readonly Schedule schedule;
    private Tensor? order;
    private long orderEpoch = -1;

    /// <summary>Makes encoder, head and optimizer, and copies the images to the device.</summary>
    /// <param name="spec">What to train.</param>
    /// <param name="train">The images; labels are read only by supervised losses.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="warn">Told, in words, when something is not as asked.</param>
    /// <exception cref="ArgumentException">Batch, epochs or views do not fit the images; the message says what to change.</exception>
    public Pretraining(PretrainingSpec spec, ImageSet train, Device device, Action<string>? warn = null)
    {
        Check(spec, train);
        this.spec = spec;
        this.device = device;
        precision = Autocast.Resolve(spec.Precision, device, warn);
        streams = new RandomStreams(spec.Seed);

        using (var weights = streams.At(RandomStreams.Weights, 0, CPU))
        {
            Encoder = spec.Encoder.Create(train.Channels, weights);
            Head = spec.Head.Create(Encoder.FeatureSize, weights);
        }
        Encoder.to(device);
        Head.to(device);
        MemoryLayout.ToChannelsLast(Encoder);
        optimizer = spec.Optimizer.Create(
            Named("encoder", Encoder).Concat(Named("head", Head)).Where(named => named.Item2.requires_grad)
        );

        StepsPerEpoch = train.Count / spec.BatchSize;
        TotalSteps = StepsPerEpoch * spec.Epochs;
        var warmup = (long)Math.Round(spec.WarmupEpochs * StepsPerEpoch);
        schedule = new Schedule(spec.LearningRate, warmup, TotalSteps, spec.Decay);
        images = train.To(device);
    }

    /// <summary>The encoder in training.</summary>
    public Encoder Encoder { get; }

    /// <summary>The projection head in training.</summary>
    public ProjectionHead Head { get; }

    /// <summary>Sees the representations of every step; null: nobody does.</summary>
    public IStepObserver? Observer { get; set; }

    /// <summary>Steps done.</summary>
    public long Step { get; private set; }

    /// <summary>Steps of one epoch.</summary>
    public long StepsPerEpoch { get; }

    /// <summary>Steps of the whole run.</summary>
    public long TotalSteps { get; }

    /// <summary>Takes one step; nothing is read back from the device.</summary>
    /// <returns>Loss, entropy and contrastive accuracy of the batch, [3], float32, on the device; the caller disposes it.</returns>
    public Tensor TrainStep()
    {
        using var scope = NewDisposeScope();
        var (viewA, viewB, labels) = NextViews();
        optimizer.LearningRate = schedule.At(Step);
        optimizer.ZeroGrad();

        var z = Embed(cat([viewA, viewB]), labels);
        var pair = z.chunk(2);
        var loss = spec.Loss.Compute(pair[0], pair[1], labels);
        loss.backward();
        optimizer.Step();
        Step++;

        using var noGrad = no_grad();
        var (entropy, top1) = ContrastiveMetrics.Compute(
            pair[0].detach(),
            pair[1].detach(),
            spec.MetricTemperature,
            spec.MetricNormalize
        );
        return stack([loss.detach(), entropy, top1]).MoveToOuterDisposeScope();
    }

    /// <summary>Trains to the end.</summary>
    /// <param name="report">Told of every logging interval: a hundred times in a run, or every step of a shorter one.</param>
    /// <param name="cancellation">Ends the run after the step in progress.</param>
    /// <exception cref="TrainingFailedException">The loss is not finite any more.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public PretrainingResult Run(Action<TrainingProgress>? report = null, CancellationToken cancellation = default)
    {
        Encoder.train();
        Head.train();
        var interval = Math.Max(1, TotalSteps / Intervals);
        var progress = new List<TrainingProgress>();
        using var recent = zeros(3, device: device).DetachFromDisposeScope();
        using var lastEpoch = zeros(3, device: device).DetachFromDisposeScope();
        using var pause = new CollectionPause();
        var clock = Stopwatch.StartNew();
        var (started, since, at) = (Step, Step, TimeSpan.Zero);

        while (Step < TotalSteps)
        {
            cancellation.ThrowIfCancellationRequested();
            pause.Renew();
            using var scope = NewDisposeScope();
            var values = TrainStep();
            recent.add_(values);
            if (Step > TotalSteps - StepsPerEpoch)
                lastEpoch.add_(values);
            if (Step % interval != 0 && Step != TotalSteps)
                continue;

            progress.Add(Measure(recent, Step - since, clock.Elapsed - at, clock.Elapsed / (Step - started)));
            (since, at) = (Step, clock.Elapsed);
            recent.zero_();
            report?.Invoke(progress[^1]);
        }
        return Summarize(lastEpoch, Step - started, clock.Elapsed.TotalSeconds, progress);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Encoder.Dispose();
        Head.Dispose();
        optimizer.Dispose();
        images.Dispose();
        order?.Dispose();
    }

    private Tensor Embed(Tensor views, Tensor labels)
    {
        using var scope = NewDisposeScope();
        Tensor h,
            z;
        using (Autocast.Enter(precision, device))
        {
            h = Encoder.forward(MemoryLayout.ChannelsLast(views));
            z = Head.forward(h).to_type(ScalarType.Float32);
        }
        Observer?.Observe(h.detach().to_type(ScalarType.Float32), labels);
        return z.MoveToOuterDisposeScope();
    }

    private (Tensor ViewA, Tensor ViewB, Tensor Labels) NextViews()
    {
        using var noGrad = no_grad();
        var indices = NextIndices();
        var batch = ViewBatch.FromBytes(images.Images.index_select(0, indices));
        return (
            Transform(spec.ViewA, batch, RandomStreams.ViewA),
            Transform(spec.ViewB, batch, RandomStreams.ViewB),
            images.Labels.index_select(0, indices)
        );
    }

    private Tensor Transform(IView view, Tensor batch, string stream)
    {
        using var scope = NewDisposeScope();
        using var generator = streams.At(stream, Step, device);
        // A view may return its input, which belongs to the outer scope already.
        return view.Apply(batch, view.Draw(BatchShape.Of(batch), generator)).alias().MoveToOuterDisposeScope();
    }

    private Tensor NextIndices()
    {
        var (epoch, batch) = (Step / StepsPerEpoch, Step % StepsPerEpoch);
        if (epoch != orderEpoch)
        {
            using var generator = streams.At(RandomStreams.Order, epoch, CPU);
            order?.Dispose();
            order = randperm(images.Count, generator: generator).to(device).DetachFromDisposeScope();
            orderEpoch = epoch;
        }
        return order!.narrow(0, batch * spec.BatchSize, spec.BatchSize);
    }

    private TrainingProgress Measure(Tensor sums, long steps, TimeSpan elapsed, TimeSpan perStep)
    {
        using var scope = NewDisposeScope();
        var loss = sums[0].ToSingle() / steps;
        if (!float.IsFinite(loss))
            throw new TrainingFailedException(
                $"The loss is {loss} by step {Step}: training has diverged. "
                    + $"Lower the learning rate (now {optimizer.LearningRate:g3}), lengthen the warmup, or raise the temperature."
            );
        return new TrainingProgress(
            Step,
            TotalSteps,
            (double)Step / StepsPerEpoch,
            loss,
            optimizer.LearningRate,
            GradientNorm.Of(Encoder.parameters().Concat(Head.parameters())).ToSingle(),
            steps * spec.BatchSize / elapsed.TotalSeconds,
            perStep * (TotalSteps - Step)
        );
    }

    private PretrainingResult Summarize(
        Tensor lastEpoch,
        long steps,
        double seconds,
        IReadOnlyList<TrainingProgress> progress
    )
    {
        using var scope = NewDisposeScope();
        var means = lastEpoch / Math.Min(StepsPerEpoch, Math.Max(1, steps));
        var values = means.cpu().data<float>().ToArray();
        return new PretrainingResult(
            values[0],
            values[1],
            values[2],
            Step,
            seconds,
            steps * spec.BatchSize / seconds,
            progress
        );
    }

    private static IEnumerable<(string, TorchSharp.Modules.Parameter)> Named(string prefix, nn.Module module) =>
        module.named_parameters().Select(named => ($"{prefix}.{named.name}", named.parameter));

    private static void Check(PretrainingSpec spec, ImageSet train)
    {
        if (spec.BatchSize < 2)
            throw new ArgumentException($"BatchSize is {spec.BatchSize}; a contrastive batch needs 2 images or more.");
        if (spec.BatchSize > train.Count)
            throw new ArgumentException(
                $"BatchSize is {spec.BatchSize}, but there are {train.Count} training images; use at most {train.Count}."
            );
        if (spec.Epochs < 1)
            throw new ArgumentException($"Epochs is {spec.Epochs}; use 1 or more.");
        var input = new BatchShape(spec.BatchSize, train.Channels, train.Height, train.Width, CPU);
        var (a, b) = (spec.ViewA.Output(input), spec.ViewB.Output(input));
        if (a != b)
            throw new ArgumentException(
                $"View A makes {a.Channels}x{a.Height}x{a.Width} and view B {b.Channels}x{b.Height}x{b.Width}; give both the same size."
            );
    }
}
