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
    /// <summary>Figures that a step gives.</summary>
    internal const int StepValues = 4;

    private readonly IImageFeed feed;
    private readonly RandomStreams streams;
    private readonly IOptimizer optimizer;
    private readonly Schedule schedule;
    private readonly Embedder embedder;

    /// <summary>Makes encoder, head and optimizer, and copies the images to the device.</summary>
    /// <param name="spec">What to train.</param>
    /// <param name="train">The images; labels are read only by supervised losses.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="warn">Told, in words, when something is not as asked.</param>
    /// <exception cref="ArgumentException">Batch, epochs or views do not fit the images; the message says what to change.</exception>
    public Pretraining(PretrainingSpec spec, ImageSet train, Device device, Action<string>? warn = null)
    {
        Check(spec, train);
        (Spec, Device) = (spec, device);
        var precision = Autocast.Resolve(spec.Precision, device, warn);
        CuDnn.SearchOn(device);
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

        var order = new BatchOrder(streams, train.Count, spec.BatchSize);
        StepsPerEpoch = order.StepsPerEpoch;
        TotalSteps = StepsPerEpoch * spec.Epochs;
        var warmup = (long)Math.Round(spec.WarmupEpochs * StepsPerEpoch);
        schedule = new Schedule(spec.LearningRate, warmup, TotalSteps, spec.Decay);
        SetTraining();
        embedder = new Embedder(Encoder, Head, spec.Loss, precision, device, spec.MicroBatches);
        feed = train.IsStreamed ? new PrefetchFeed(train, order, device) : new MemoryFeed(train, order, device);
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
    public TimeSpan Waited => feed.Waited;

    /// <summary>Steps of the warmup.</summary>
    internal long WarmupSteps => schedule.WarmupSteps;

    /// <summary>What is trained.</summary>
    internal PretrainingSpec Spec { get; }

    /// <summary>Where.</summary>
    internal Device Device { get; }

    /// <summary>Learning rate of the last step.</summary>
    internal double LearningRate => optimizer.LearningRate;

    /// <summary>Takes one step; nothing is read back from the device.</summary>
    /// <returns>Loss, entropy, contrastive accuracy and the embeddings' deviation (<see cref="ContrastiveMetrics.Deviation"/>) of the batch, [4],
    /// float32, on the device; the caller disposes it.</returns>
    public Tensor TrainStep()
    {
        using var scope = NewDisposeScope();
        optimizer.LearningRate = schedule.At(Step);
        optimizer.ZeroGrad();
        var (images, labels) = feed.Batch(Step);
        using var pairs = new ViewPairs(images, labels, Spec.ViewA, Spec.ViewB, streams, Step);
        var (loss, viewA, viewB) = embedder.Backward(pairs);
        optimizer.Step();
        Step++;

        using var noGrad = no_grad();
        var (entropy, top1) = ContrastiveMetrics.Compute(viewA, viewB, Spec.MetricTemperature, Spec.MetricNormalize);
        return stack([loss, entropy, top1, ContrastiveMetrics.Deviation(viewA)]).MoveToOuterDisposeScope();
    }

    /// <summary>Trains to the end.</summary>
    /// <param name="report">Told of every logging interval: a hundred times in a run, or every step of a shorter one.</param>
    /// <param name="cancellation">Ends the run after the step in progress, with a checkpoint.</param>
    /// <param name="checkpointing">Takes the run up where its newest checkpoint is, and writes new ones; null: none.</param>
    /// <exception cref="TrainingFailedException">The training has gone wrong: the loss or the gradient is not finite, the embeddings
    /// have collapsed, the loss is stuck where it began; or the checkpoint is of another model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public PretrainingResult Run(
        Action<TrainingProgress>? report = null,
        CancellationToken cancellation = default,
        Checkpointing? checkpointing = null
    )
    {
        using var loop = new TrainingLoop(this, checkpointing);
        return loop.Run(report, cancellation);
    }

    /// <summary>Encoder and head compute as in training.</summary>
    internal void SetTraining()
    {
        var frozen = Spec.MicroBatches is { FreezeBatchNorm: true };
        Encoder.train(!frozen);
        Head.train(!frozen);
    }

    /// <summary>L2 norm of the gradient of all parameters at the last step; waits for the device.</summary>
    internal double GradientNorm()
    {
        using var norm = Optimizers.GradientNorm.Of(Encoder.parameters().Concat(Head.parameters()));
        return norm.ToSingle();
    }

    /// <summary>All that the coming steps depend on, by name; the tensors are those in use.</summary>
    internal Dictionary<string, Tensor> State() =>
        Encoder
            .state_dict()
            .Select(named => ($"encoder.{named.Key}", named.Value))
            .Concat(Head.state_dict().Select(named => ($"head.{named.Key}", named.Value)))
            .Concat(optimizer.State.Select(named => ($"optimizer.{named.Key}", named.Value)))
            .Concat(Observer?.State.Select(named => ($"observer.{named.Key}", named.Value)) ?? [])
            .ToDictionary(named => named.Item1, named => named.Value);

    /// <summary>Goes back, or on, to where a checkpoint was made.</summary>
    /// <exception cref="TrainingFailedException">It is of another model; nothing was changed.</exception>
    internal void Restore(Checkpoint checkpoint)
    {
        var state = State();
        var stranger = state.FirstOrDefault(named =>
            !checkpoint.Tensors.TryGetValue(named.Key, out var saved) || !saved.shape.SequenceEqual(named.Value.shape)
        );
        if (stranger.Key is not null || checkpoint.Step > TotalSteps)
            throw new TrainingFailedException(
                $"The checkpoint of step {checkpoint.Step} does not fit this run of {TotalSteps} steps"
                    + (stranger.Key is null ? "" : $": it has no {stranger.Key} of this shape")
                    + ". Delete the run's folder 'checkpoint' to start anew."
            );
        using var noGrad = no_grad();
        foreach (var (name, tensor) in state)
            tensor.copy_(checkpoint.Tensors[name]);
        Step = checkpoint.Step;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Encoder.Dispose();
        Head.Dispose();
        optimizer.Dispose();
        feed.Dispose();
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
