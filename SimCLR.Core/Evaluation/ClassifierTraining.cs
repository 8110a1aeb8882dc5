using SimCLR.Core.Images;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Trains a classifier to the last epoch. It is given no image to choose an epoch on, and chooses none.</summary>
internal static class ClassifierTraining
{
    private const double Momentum = 0.9;

    /// <summary>The loss of a batch.</summary>
    /// <param name="view">The images as the classifier saw them, [N, C, H, W].</param>
    /// <param name="scores">Its scores, [N, classes], float32.</param>
    /// <param name="labels">[N], or [N, classes] where images show several.</param>
    internal delegate Tensor BatchLoss(Tensor view, Tensor scores, Tensor labels);

    /// <summary>Trains.</summary>
    /// <param name="classifier">What is trained, on the device.</param>
    /// <param name="images">The images.</param>
    /// <param name="view">Drawn anew for every image and step.</param>
    /// <param name="settings">How.</param>
    /// <param name="pretrained">Device, precision and seed.</param>
    /// <param name="name">Names the random streams, and the training in errors.</param>
    /// <param name="loss">Null: cross-entropy with the labels.</param>
    /// <exception cref="ArgumentException">The settings do not fit the images.</exception>
    /// <exception cref="TrainingFailedException">The loss is not finite at the end.</exception>
    internal static void Train(
        ImageClassifier classifier,
        ImageSet images,
        IView view,
        ClassifierSettings settings,
        Pretrained pretrained,
        string name,
        BatchLoss? loss = null
    )
    {
        Check(settings, images, name);
        using var scope = NewDisposeScope();
        using var pause = new CollectionPause();
        var (device, streams) = (pretrained.Device, pretrained.Streams);
        var precision = Autocast.Resolve(pretrained.Spec.Precision, device);
        var pixels = images.Images.to(device);
        var labels = (images.Targets ?? images.Labels).to(device);
        var batch = (int)Math.Min(settings.BatchSize, images.Count);
        var perEpoch = images.Count / batch;
        var schedule = new Schedule(settings.LearningRate(batch), 0, perEpoch * settings.Epochs);
        using var optimizer = new SgdSpec(Momentum, settings.WeightDecay, Nesterov: true).Create(
            classifier.named_parameters().Where(named => named.parameter.requires_grad)
        );
        classifier.train();
        using var last = zeros(1, device: device);
        for (var epoch = 0; epoch < settings.Epochs; epoch++)
        {
            using var epochScope = NewDisposeScope();
            using var shuffle = streams.At($"{name} order", epoch, CPU);
            var order = randperm(images.Count, generator: shuffle).to(device);
            for (var i = 0; i < perEpoch; i++)
            {
                pretrained.Cancellation.ThrowIfCancellationRequested();
                pause.Renew();
                using var stepScope = NewDisposeScope();
                var step = epoch * perEpoch + i;
                var indices = order.narrow(0, i * batch, batch);
                using var generator = streams.At($"{name} view", step, device);
                var seen = ViewBatch.FromBytes(pixels.index_select(0, indices)).Through(view, generator);
                var target = labels.index_select(0, indices);

                optimizer.LearningRate = schedule.At(step);
                optimizer.ZeroGrad();
                var scores = Scores(classifier, seen, precision, device);
                var value = loss?.Invoke(seen, scores, target) ?? CrossEntropy(scores, target);
                value.backward();
                optimizer.Step();
                using (no_grad())
                    last.copy_(value.detach());
            }
        }
        optimizer.ZeroGrad();
        if (!float.IsFinite(last.ToSingle()))
            throw new TrainingFailedException(
                $"{name}: the loss is {last.ToSingle()} after the last step: training has diverged. "
                    + $"Lower its learning rate (now {settings.LearningRate(batch):g3})."
            );
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

    private static Tensor Scores(ImageClassifier classifier, Tensor images, Precision precision, Device device)
    {
        using var scope = NewDisposeScope();
        using var autocast = Autocast.Enter(precision, device);
        return classifier.forward(images).to_type(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private static void Check(ClassifierSettings settings, ImageSet images, string name)
    {
        if (settings.Epochs < 1)
            throw new ArgumentException($"{name}: Epochs is {settings.Epochs}; use 1 or more.");
        if (settings.BatchSize < 2)
            throw new ArgumentException($"{name}: BatchSize is {settings.BatchSize}; use 2 or more.");
        if (images.Count < 2)
            throw new ArgumentException($"{name}: there is {images.Count} image; training needs 2 or more.");
    }
}
