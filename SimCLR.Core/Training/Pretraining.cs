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
/// SimCLR pretraining (2002.05709, Algorithm 1) of one encoder. Both views of a batch go through the
/// encoder in one forward pass, so that batch norm sees all 2N of them, as in the reference code.
/// </summary>
public sealed class Pretraining : ITrainee, IDisposable
{
    /// <summary>The embeddings' deviation (<see cref="ContrastiveMetrics.Deviation"/>).</summary>
    internal const string Deviation = "embedding deviation";

    /// <summary>What a step gives.</summary>
    internal static readonly IReadOnlyList<(string Name, FigureUnit Unit)> StepFigures =
    [
        ("loss", FigureUnit.Plain),
        ("entropy", FigureUnit.Nats),
        ("contrastive top-1", FigureUnit.Share),
        (Deviation, FigureUnit.Plain),
    ];

    private readonly ImageSet images;
    private readonly BatchOrder order;
    private readonly RandomStreams streams;
    private readonly IOptimizer optimizer;
    private readonly Schedule schedule;
    private readonly Embedder embedder;
    private TrainingWatch watch;
    private IImageFeed? feed;
    private TimeSpan waited;

    /// <summary>Makes encoder, head and optimizer.</summary>
    /// <param name="spec">What to train.</param>
    /// <param name="train">The images; labels are read only by supervised losses. To be disposed after the training.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="warn">Told, in words, when something is not as asked.</param>
    /// <exception cref="ArgumentException">Batch, epochs or views do not fit the images; the message says what to change.</exception>
    public Pretraining(PretrainingSpec spec, ImageSet train, Device device, Action<string>? warn = null)
    {
        Check(spec, train);
        (Spec, images, Device) = (spec, train, device);
        Precision = Autocast.Resolve(spec.Precision, device, warn);
        CuDnn.SearchOn(device);
        streams = new RandomStreams(spec.Seed);

        (Encoder, Head) = Networks.Create(spec, train.Channels, device);
        optimizer = spec.Optimizer.Create([
            .. ParameterGroups.Of(Encoder, "encoder"),
            .. ParameterGroups.Of(Head, "head"),
        ]);

        order = new BatchOrder(streams, train.Count, spec.BatchSize);
        StepsPerEpoch = order.StepsPerEpoch;
        TotalSteps = StepsPerEpoch * spec.Epochs;
        var warmup = (long)Math.Round(spec.WarmupEpochs * StepsPerEpoch);
        schedule = new Schedule(spec.LearningRate, warmup, TotalSteps, spec.Decay);
        SetTraining();
        embedder = new Embedder(Encoder, Head, spec.Loss, Precision, device, spec.MicroBatches);
        watch = NewWatch();
    }

    /// <summary>The encoder in training.</summary>
    public Encoder Encoder { get; }

    /// <summary>The projection head in training.</summary>
    public ProjectionHead Head { get; }

    /// <summary>Sees the representations of every step; null: nobody does.</summary>
    public IStepObserver? Observer
    {
        get => embedder.Observer;
        set => embedder.Observer = value;
    }

    /// <summary>Steps done.</summary>
    public long Step { get; private set; }

    /// <summary>Steps of one epoch.</summary>
    public long StepsPerEpoch { get; }

    /// <summary>Steps of the whole run.</summary>
    public long TotalSteps { get; }

    /// <summary>How long training has waited for images so far.</summary>
    public TimeSpan Waited => waited + (feed?.Waited ?? TimeSpan.Zero);

    /// <summary>Where it is trained.</summary>
    public Device Device { get; }

    /// <summary>The number format that it computes in.</summary>
    public Precision Precision { get; }

    /// <summary>Learning rate of the last step.</summary>
    public double LearningRate => optimizer.LearningRate;

    /// <summary>All that the coming steps depend on, by name: the tensors in use.</summary>
    public IReadOnlyDictionary<string, Tensor> State =>
        Encoder
            .state_dict()
            .Select(named => ($"encoder.{named.Key}", named.Value))
            .Concat(Head.state_dict().Select(named => ($"head.{named.Key}", named.Value)))
            .Concat(optimizer.State.Select(named => ($"optimizer.{named.Key}", named.Value)))
            .Concat(Observer?.State.Select(named => ($"observer.{named.Key}", named.Value)) ?? [])
            .ToDictionary(named => named.Item1, named => named.Value);

    /// <summary>What is trained.</summary>
    internal PretrainingSpec Spec { get; }

    string ITrainee.Name => "pretraining";

    int ITrainee.BatchSize => Spec.BatchSize;

    long ITrainee.StepsDone => Step;

    IReadOnlyList<(string Name, FigureUnit Unit)> ITrainee.Figures => StepFigures;

    /// <summary>Takes one step; nothing is read back from the device.</summary>
    /// <returns>Loss, entropy, contrastive accuracy and the embeddings' deviation (<see cref="ContrastiveMetrics.Deviation"/>) of the batch, [4],
    /// float32, on the device; the caller disposes it. The first step brings the images to the device.</returns>
    public Tensor TrainStep()
    {
        using var scope = NewDisposeScope();
        optimizer.LearningRate = schedule.At(Step);
        optimizer.ZeroGrad();
        feed ??= ImageFeed.Of(images, order, Device, TotalSteps);
        var (batch, labels) = feed.Batch(Step);
        using var pairs = new ViewPairs(batch, labels, Spec.ViewA, Spec.ViewB, streams, Step);
        var (loss, viewA, viewB) = embedder.Backward(pairs);
        optimizer.Step();
        Step++;

        using var noGrad = no_grad();
        var (entropy, top1) = ContrastiveMetrics.Compute(viewA, viewB, Spec.MetricTemperature, Spec.MetricNormalize);
        return stack([loss, entropy, top1, ContrastiveMetrics.Deviation(viewA)]).MoveToOuterDisposeScope();
    }

    /// <summary>Trains to the end, and lets the images go.</summary>
    /// <param name="report">Told of every logging interval: a hundred times in a run, or every step of a shorter one.</param>
    /// <param name="cancellation">Ends the run after the step in progress, with a checkpoint.</param>
    /// <param name="checkpointing">Takes the run up where its newest checkpoint is, and writes new ones; null: none.</param>
    /// <exception cref="TrainingFailedException">The training has gone wrong: the loss or the gradient is not finite, the embeddings
    /// have collapsed, the loss is stuck where it began; or the checkpoint is of another model.</exception>
    /// <exception cref="TrainingInterruptedException">Cancelled.</exception>
    /// <exception cref="IOException">A checkpoint is there and cannot be read.</exception>
    public TrainingResult Run(
        Action<TrainingProgress>? report = null,
        CancellationToken cancellation = default,
        Checkpointing? checkpointing = null
    )
    {
        SetTraining();
        watch = NewWatch();
        try
        {
            return TrainingLoop.Train(this, report, cancellation, checkpointing);
        }
        finally
        {
            LetImagesGo();
        }
    }

    Tensor ITrainee.Step() => TrainStep();

    void ITrainee.Restore(long step) => Step = step;

    void ITrainee.Look(TrainingProgress progress) => watch.Look(progress);

    /// <summary>L2 norm of the gradient of all parameters at the last step; waits for the device.</summary>
    public double GradientNorm()
    {
        using var norm = optimizer.GradientNorm();
        return norm.ToSingle();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Encoder.Dispose();
        Head.Dispose();
        optimizer.Dispose();
        LetImagesGo();
    }

    private TrainingWatch NewWatch() => new(Spec.Loss.Collapsed(Spec.BatchSize), schedule.WarmupSteps);

    /// <summary>Encoder and head compute as in training.</summary>
    private void SetTraining()
    {
        var frozen = Spec.MicroBatches is { FreezeBatchNorm: true };
        Encoder.train(!frozen);
        Head.train(!frozen);
    }

    /// <summary>Evaluation needs the memory.</summary>
    private void LetImagesGo()
    {
        waited = Waited;
        feed?.Dispose();
        feed = null;
    }

    private static void Check(PretrainingSpec spec, ImageSet train)
    {
        if (spec.BatchSize < 2)
            throw new ArgumentException($"BatchSize is {spec.BatchSize}; a contrastive batch needs 2 images or more.");
        if (spec.BatchSize > train.Count)
            throw new ArgumentException(
                $"BatchSize is {spec.BatchSize}, but there are {train.Count} training images; use at most {train.Count}."
            );
        if (spec.MicroBatches is { Size: < 2 } parts)
            throw new ArgumentException($"MicroBatches.Size is {parts.Size}; use 2 or more.");
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
