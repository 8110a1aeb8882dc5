using SimCLR.Core.Distributed;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>Pretraining of an encoder without labels, by any method (<see cref="IMethod"/>).</summary>
public sealed class Pretraining : ITrainee, IDisposable
{
    private readonly ImageSet images;
    private readonly BatchOrder order;

    /// <summary>The same, for methods: a feed may read its own in another thread.</summary>
    private readonly BatchOrder rows;
    private readonly RandomStreams streams;
    private readonly IOptimizer optimizer;
    private readonly Schedule schedule;
    private readonly Networks online;
    private readonly IMethod method;
    private readonly BatchShare share;
    private readonly Embedder embedder;
    private readonly StepGraph graph;
    private readonly Action<string>? warn;
    private TrainingWatch watch;
    private IImageFeed? feed;
    private TimeSpan waited;

    /// <summary>Makes encoder, head and optimizer.</summary>
    /// <param name="spec">What to train.</param>
    /// <param name="train">The images; labels are read only by supervised losses. To be disposed after the training.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="warn">Told, in words, when something is not as asked.</param>
    /// <param name="ranks">Who trains: each rank makes the same training, and takes the same steps. What comes of it is what one process would come to, but for
    /// rounding. Null: this process alone.</param>
    /// <exception cref="ArgumentException">Batch, epochs, views or ranks do not fit the images or each other, or a value is out of range; the message says what to change.</exception>
    /// <exception cref="FileNotFoundException">There is no such file of weights.</exception>
    /// <exception cref="InvalidDataException">The file's weights do not fit the encoder; the message lists those that do not.</exception>
    public Pretraining(
        PretrainingSpec spec,
        ImageSet train,
        Device device,
        Action<string>? warn = null,
        ICollective? ranks = null
    )
    {
        PretrainingCheck.Of(spec, train);
        (Spec, images, Device, Ranks) = (spec, train, device, ranks ?? Alone.Instance);
        this.warn = warn;
        Precision = Autocast.Resolve(spec.Precision, device, warn);
        CuDnn.SearchOn(device);
        TensorFloat32.Set(spec.Precision, device);
        streams = new RandomStreams(spec.Seed);

        rows = new BatchOrder(streams, train.Count, spec.BatchSize);
        StepsPerEpoch = rows.StepsPerEpoch;
        TotalSteps = StepsPerEpoch * spec.Epochs;
        var warmup = (long)Math.Round(spec.WarmupEpochs * StepsPerEpoch);
        schedule = new Schedule(spec.LearningRate, warmup, TotalSteps, spec.Decay, StepsPerEpoch);

        online = Networks.Create(spec, train.Channels, device);
        method = spec.Method.Create(Context(train));
        PretrainingCheck.Branches(spec, method, BatchViews.Sizes(spec.Views, spec.Shape(train)));
        optimizer = spec.Optimizer.Create(method.Groups);
        SetTraining();
        foreach (var networks in method.Networks)
            networks.Join(Ranks);
        var groups = method.Branches.Max(branch => Math.Max(branch.NormGroups, spec.NormGroups));
        share = new BatchShare(Ranks, spec.BatchSize, spec.MicroBatches?.Size, groups, device);
        order = new BatchOrder(streams, train.Count, spec.BatchSize) { Share = share };
        embedder = new Embedder(method, streams, Precision, device, share) { NormGroups = spec.NormGroups };
        graph = new StepGraph(Device, Work);
        watch = NewWatch();
    }

    /// <summary>The figure of a result whose training has collapsed and went on: by which step.</summary>
    public const string CollapsedAt = "collapsed at step";

    /// <summary>Whether a training that collapses, or learns nothing, goes on to its end: the warning tells of it, and the result has the figure
    /// <see cref="CollapsedAt"/> unless it has come out of it. False: it fails.</summary>
    public bool ContinuesCollapsed { get; set; }

    /// <summary>The encoder that is to be evaluated, in training.</summary>
    public Encoder Encoder => method.Evaluated.Encoder;

    /// <summary>Its projection head.</summary>
    public ProjectionHead Head => method.Evaluated.Head;

    /// <summary>Which networks these are: "online", which the optimizer moves, or "target", which follow them.</summary>
    public string Evaluated => method.Evaluated == method.Networks[0] ? "online" : "target";

    /// <summary>Who trains.</summary>
    public ICollective Ranks { get; }

    /// <summary>What sees the representations of every step; null: nothing does.</summary>
    public IStepObserver? Observer
    {
        get => embedder.Observer;
        set => embedder.Observer = value;
    }

    /// <summary>What takes figures of it from time to time, and may end it; null: nothing does. To be set before it begins, alike on every rank.</summary>
    public IMonitor? Monitor { get; set; }

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
        online
            .State.Select(named => (named.Key, named.Value))
            .Concat(method.State.Select(named => ($"method.{named.Key}", named.Value)))
            .Concat(optimizer.State.Select(named => ($"optimizer.{named.Key}", named.Value)))
            .Concat(Observer?.State.Select(named => ($"observer.{named.Key}", named.Value)) ?? [])
            .ToDictionary(named => named.Item1, named => named.Value);

    /// <summary>What is trained.</summary>
    internal PretrainingSpec Spec { get; }

    /// <summary>All that the optimizer moves.</summary>
    internal IReadOnlyList<ParameterGroup> Groups => method.Groups;

    /// <summary>What is measured and stored, and what has watched that.</summary>
    IReadOnlyDictionary<string, Tensor> ITrainee.Kept =>
        method
            .Evaluated.State.Select(named => (named.Key, named.Value))
            .Concat(Observer?.State.Select(named => ($"observer.{named.Key}", named.Value)) ?? [])
            .ToDictionary(named => named.Item1, named => named.Value);

    string ITrainee.Name => "pretraining";

    int ITrainee.BatchSize => Spec.BatchSize;

    long ITrainee.StepsDone => Step;

    IReadOnlyList<(string Name, FigureUnit Unit)> ITrainee.Figures => method.Figures;

    /// <summary>How its method can go wrong.</summary>
    internal IReadOnlyList<Collapse> Collapses => method.Collapses;

    /// <summary>Takes one step; nothing is read back from the device.</summary>
    /// <returns>The method's figures (<see cref="IMethod.Figures"/>), the loss first, float32, on the device; the caller disposes it. The first step
    /// brings the images to the device.</returns>
    public Tensor TrainStep()
    {
        using var scope = NewDisposeScope();
        optimizer.LearningRate = schedule.At(Step);
        optimizer.WeightDecayFactor = Spec.WeightDecayFactor.At(Step, new Stretch(TotalSteps, StepsPerEpoch));
        feed ??= ImageFeed.Of(images, order, Device, TotalSteps);
        var batch = feed.Batch(Step);
        batch = batch with { Labels = share.Gather(batch.Labels) };
        using var views = new BatchViews(batch, Spec.Views, streams, Step, share);
        method.BeforeStep(new StepInput(Step, views.Labels, rows));
        optimizer.Prepare();
        var figures = graph.Take(
            views,
            Spec.MayBeRecorded
                && views.AreSteady
                && method.IsSteady
                && optimizer.IsSteady
                && Spec.WeightDecayFactor == Decay.Constant
                && Observer is null
                && Spec.MicroBatches is null
                && Ranks.Size == 1
        );
        Step++;
        return figures.MoveToOuterDisposeScope();
    }

    /// <summary>All that the device does in a step.</summary>
    private Tensor Work(BatchViews views)
    {
        using var scope = NewDisposeScope();
        optimizer.ZeroGrad();
        var input = new StepInput(Step, views.Labels, rows);
        var (loss, embeddings) = embedder.Backward(views, input);
        Ranks.AllReduceSum(optimizer.Gradients);
        optimizer.Move();

        using var noGrad = no_grad();
        var figures = stack([.. method.Measure(loss, embeddings)]).to_type(ScalarType.Float32);
        method.AfterStep(embeddings, input);
        return figures.MoveToOuterDisposeScope();
    }

    /// <summary>Trains to the end, and lets the images go.</summary>
    /// <param name="report">Told of every logging interval: a hundredth of the steps, one at least.</param>
    /// <param name="cancellation">Ends the run after the step in progress, with a checkpoint.</param>
    /// <param name="checkpointing">Takes the run up where its newest checkpoint is, and writes new ones; null: none.</param>
    /// <exception cref="TrainingFailedException">The training has gone wrong: the loss or the gradient is not finite; or the checkpoint is of another
    /// model.</exception>
    /// <exception cref="TrainingCollapsedException">The embeddings have collapsed, or the loss is stuck where it began, and
    /// <see cref="ContinuesCollapsed"/> is false.</exception>
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
            var result = TrainingLoop.Train(this, report, cancellation, checkpointing);
            return watch.CollapsedAt is not { } step
                ? result
                : result with
                {
                    Figures = [.. result.Figures, new(CollapsedAt, step, FigureUnit.Plain)],
                };
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
        method.Dispose();
        online.Dispose();
        optimizer.Dispose();
        LetImagesGo();
        share.Dispose();
    }

    private TrainingWatch NewWatch() =>
        new(method.Collapses, schedule.WarmupSteps, ContinuesCollapsed ? warn ?? (_ => { }) : null);

    private MethodContext Context(ImageSet train) =>
        new(
            online,
            () => Networks.Create(Spec, train.Channels, Device).CopyFrom(online),
            streams,
            Device,
            train.Count,
            Spec.BatchSize,
            TotalSteps,
            Spec.LearningRate
        )
        {
            ViewsBySize = BatchViews.Sizes(Spec.Views, Spec.Shape(train)),
        };

    /// <summary>The networks compute as in training.</summary>
    private void SetTraining()
    {
        foreach (var networks in method.Networks)
            networks.SetTraining(Spec.MicroBatches is not { FreezeBatchNorm: true });
    }

    /// <summary>Evaluation needs the memory.</summary>
    private void LetImagesGo()
    {
        waited = Waited;
        feed?.Dispose();
        feed = null;
        graph.Forget();
        rows.Dispose();
    }
}
