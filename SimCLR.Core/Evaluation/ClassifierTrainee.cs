using SimCLR.Core.Distributed;
using SimCLR.Core.Images;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using BatchNorm = SimCLR.Core.Encoders.BatchNorm;

namespace SimCLR.Core.Evaluation;

/// <summary>A classifier in training, to the last epoch: it is given no image to choose an epoch on, and chooses none.</summary>
internal sealed class ClassifierTrainee : ITrainee, IDisposable
{
    private const double Momentum = 0.9;

    private readonly ImageClassifier classifier;
    private readonly IView view;
    private readonly RandomStreams streams;
    private readonly IOptimizer optimizer;
    private readonly Schedule schedule;
    private readonly IImageFeed feed;
    private readonly BatchLoss? loss;
    private readonly bool showsOneClass;
    private readonly BatchShare share;

    /// <summary>The loss of a batch.</summary>
    /// <param name="view">The images as the classifier saw them, [N, C, H, W].</param>
    /// <param name="scores">Its scores, [N, classes], float32.</param>
    internal delegate Tensor BatchLoss(Tensor view, Tensor scores);

    private ClassifierTrainee(
        ImageClassifier classifier,
        ImageSet images,
        IView view,
        ClassifierSettings settings,
        Pretrained pretrained,
        string name,
        BatchLoss? loss
    )
    {
        Check(settings, images, name);
        (this.classifier, this.view, this.loss, Name) = (classifier, view, loss, name);
        (Device, streams) = (pretrained.Device, pretrained.Streams);
        Precision = pretrained.ResolvedPrecision;
        TensorFloat32.Set(pretrained.Spec.Precision, Device);
        BatchSize = (int)Math.Min(settings.BatchSize, images.Count);
        Ranks = RanksOf(pretrained, classifier, BatchSize, name);
        share = new BatchShare(JointWork.Plain(Ranks), BatchSize, null, 1, Device);
        Join(share.Ranks);
        var order = new BatchOrder(streams, images.Count, BatchSize, $"{name} order") { Share = share };
        StepsPerEpoch = order.StepsPerEpoch;
        TotalSteps = StepsPerEpoch * settings.Epochs;
        schedule = new Schedule(settings.LearningRate(BatchSize), 0, TotalSteps, settings.Decay, StepsPerEpoch);
        var spec = settings.Optimizer ?? new SgdSpec(Momentum, settings.WeightDecay, Nesterov: true);
        optimizer = spec.Create(ParameterGroups.Of(classifier));
        showsOneClass = loss is null && images.Targets is null;
        Figures = showsOneClass
            ? [("loss", FigureUnit.Plain), ("top-1", FigureUnit.Share)]
            : [("loss", FigureUnit.Plain)];
        classifier.train();
        feed = ImageFeed.Of(images, order, Device, TotalSteps, images.Targets);
    }

    /// <summary>Trains, with the checkpoints of the measurement being taken, in a folder of that name.</summary>
    /// <param name="classifier">What is trained, on the device; disposed where that fails.</param>
    /// <param name="images">The images.</param>
    /// <param name="view">Drawn anew for every image and step.</param>
    /// <param name="settings">How.</param>
    /// <param name="pretrained">Device, precision and seed.</param>
    /// <param name="name">Names the random streams, and the training in errors.</param>
    /// <param name="loss">Null: cross-entropy with the labels.</param>
    /// <returns>The classifier.</returns>
    /// <exception cref="ArgumentException">The settings do not fit the images.</exception>
    /// <exception cref="TrainingFailedException">The loss is not finite.</exception>
    /// <exception cref="TrainingInterruptedException">Cancelled.</exception>
    internal static ImageClassifier Train(
        ImageClassifier classifier,
        ImageSet images,
        IView view,
        ClassifierSettings settings,
        Pretrained pretrained,
        string name,
        BatchLoss? loss = null
    )
    {
        try
        {
            using var trainee = new ClassifierTrainee(classifier, images, view, settings, pretrained, name, loss);
            TrainingLoop.Train(trainee, pretrained.Report, pretrained.Cancellation, pretrained.Checkpointing?.In(name));
            return classifier;
        }
        catch
        {
            classifier.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public Device Device { get; }

    /// <inheritdoc/>
    public Precision Precision { get; }

    /// <inheritdoc/>
    public ICollective Ranks { get; }

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <inheritdoc/>
    public long StepsPerEpoch { get; }

    /// <inheritdoc/>
    public long TotalSteps { get; }

    /// <inheritdoc/>
    public long StepsDone { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; }

    /// <inheritdoc/>
    public double LearningRate => optimizer.LearningRate;

    /// <inheritdoc/>
    public TimeSpan Waited => feed.Waited;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> State =>
        classifier
            .state_dict()
            .Concat(optimizer.State.Select(named => KeyValuePair.Create($"optimizer.{named.Key}", named.Value)))
            .ToDictionary();

    /// <inheritdoc/>
    public Tensor Step()
    {
        try
        {
            return Take();
        }
        catch (Exception error) when (share.Ranks.Size > 1)
        {
            // In the midst of a step the others would wait for ever.
            share.Ranks.Abort($"{Name}: {error.GetType().Name}: {error.Message}");
            throw;
        }
    }

    private Tensor Take()
    {
        using var scope = NewDisposeScope();
        using (var batch = feed.Batch(StepsDone))
        using (var generator = streams.At($"{Name} view", StepsDone))
        using (classifier.Draws(streams, share.Ranks.Rank == 0 ? Name : $"{Name} {share.Ranks.Rank}", StepsDone))
        {
            // Drawn for the whole batch: a rank sees what one process would.
            var drawn = view.Draw(batch.Shape(BatchSize), generator).Select(share.Of);
            var seen = batch.Through(view, drawn, 0, batch.Count);
            optimizer.LearningRate = schedule.At(StepsDone);
            optimizer.ZeroGrad();
            var scores = classifier.Scores(seen, Precision);
            var value = loss?.Invoke(seen, scores) ?? CrossEntropy(scores, batch.Labels);
            // The mean of the ranks' means, whose shares are equal.
            value = value / share.Ranks.Size;
            value.backward();
            GraphNode.ThrowIfFailed();
            share.Ranks.AllReduceSum(optimizer.Gradients);
            optimizer.Step();
            StepsDone++;

            using var noGrad = no_grad();
            value = value.detach();
            var figures = showsOneClass
                ? stack([value, scores.argmax(1).eq(batch.Labels).to_type(value.dtype).mean() / share.Ranks.Size])
                : value.view(1);
            share.Ranks.AllReduceSum(figures);
            return figures.MoveToOuterDisposeScope();
        }
    }

    /// <inheritdoc/>
    public double GradientNorm()
    {
        using var norm = optimizer.GradientNorm();
        return norm.ToSingle();
    }

    /// <inheritdoc/>
    public void Restore(long step) => StepsDone = step;

    /// <inheritdoc/>
    public void Look(TrainingProgress progress)
    {
        if (!double.IsFinite(progress.Loss))
            throw new TrainingFailedException(
                $"{Name}: the loss is {progress.Loss} by step {progress.Step}: training has diverged. "
                    + $"Lower its learning rate (now {schedule.Peak:g3})."
            );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        feed.Dispose();
        optimizer.ZeroGrad();
        optimizer.Dispose();
        share.Dispose();
        Join(Alone.Instance);
    }

    /// <summary>Who trains: all ranks where they can share a batch evenly; else each trains the whole, and says so.</summary>
    private static ICollective RanksOf(Pretrained pretrained, ImageClassifier classifier, int batchSize, string name)
    {
        var ranks = pretrained.Ranks;
        var why =
            ranks.Size == 1 ? null
            : batchSize % ranks.Size != 0
                ? $"a batch of {batchSize} images cannot be shared evenly; a multiple of {ranks.Size} can"
            : classifier.modules().OfType<NormBase>().Any(norm => norm is not BatchNorm)
                ? $"a batch norm of TorchSharp's knows the rows of its own process only; {typeof(BatchNorm)} knows all"
            : null;
        if (why is null)
            return ranks;
        pretrained.Warn?.Invoke($"{name}: each of {ranks.Size} ranks trains by itself, as {why}.");
        return Alone.Instance;
    }

    private void Join(ICollective ranks)
    {
        foreach (var norm in classifier.modules().OfType<BatchNorm>())
            norm.Ranks = ranks;
    }

    /// <summary>Mean over images of the cross-entropy; of images that show several classes, of the sum over classes of each one's.</summary>
    internal static Tensor CrossEntropy(Tensor scores, Tensor labels)
    {
        if (labels.dim() == 1)
            return nn.functional.cross_entropy(scores, labels);
        var (shown, counted) = (labels.gt(0).to_type(scores.dtype), labels.ne(0).to_type(scores.dtype));
        return nn.functional.binary_cross_entropy_with_logits(
                scores,
                shown,
                weight: counted,
                reduction: nn.Reduction.Sum
            ) / scores.shape[0];
    }

    /// <summary>What can be known before anything is trained.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, or the images are too few.</exception>
    internal static void Check(ClassifierSettings settings, ImageSet images, string name)
    {
        if (settings.Epochs < 1)
            throw new ArgumentException($"{name}: Epochs is {settings.Epochs}; use 1 or more.");
        if (settings.BatchSize < 2)
            throw new ArgumentException($"{name}: BatchSize is {settings.BatchSize}; use 2 or more.");
        if (images.Count < 2)
            throw new ArgumentException($"{name}: there is {images.Count} image; training needs 2 or more.");
    }
}
