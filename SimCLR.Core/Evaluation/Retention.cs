using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// What h and g(h) retain of an image (SimCLR, table 3): a linear probe predicts which transformation was applied to it. The paper trains
/// small networks, and added rotation, noise and Sobel filtering to the views it pretrained with. Guessing comes to 80% for
/// colour, of which a fifth is taken away as in the views, 25% for rotation and 50% for the others.
/// </summary>
/// <param name="NoiseSigma">Standard deviation of the noise; pixels lie in [0, 1].</param>
public sealed record Retention(double NoiseSigma = 0.1) : IMeasurement
{
    private sealed record Task(string Name, IView View, string Parameter, int Classes);

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained) =>
        [
            .. from task in Tasks(pretrained.Splits.Train)
            from withHead in new[] { false, true }
            select Measure(pretrained, task, withHead),
        ];

    private IEnumerable<Task> Tasks(ImageSet images)
    {
        if (images.Channels == 3)
            yield return new Task("colour", new Grayscale(0.2), "apply", 2);
        yield return new Task("rotation", new Rotate(), "quarterTurns", 4);
        yield return new Task("noise", new GaussianNoise(NoiseSigma, 0.5), "apply", 2);
        yield return new Task("Sobel", new Sobel(0.5), "apply", 2);
    }

    private static Figure Measure(Pretrained pretrained, Task task, bool withHead)
    {
        using var scope = NewDisposeScope();
        var frozen = pretrained.Frozen(withHead, pretrained.Evaluation.Picture);
        var (train, trainLabels) = Transform(pretrained, frozen, task, pretrained.Splits.Train, "train");
        var (test, testLabels) = Transform(pretrained, frozen, task, pretrained.Splits.Test, "test");
        var trainFeatures = new TrainFeatures(train, trainLabels, task.Classes) { Ranks = pretrained.Ranks };
        var testFeatures = new TestFeatures(test, testLabels, task.Classes) { Ranks = pretrained.Ranks };
        var name = $"{task.Name} from {(withHead ? "g(h)" : "h")}";
        return new Figure(name, pretrained.Probe(trainFeatures, testFeatures).Top1);
    }

    /// <summary>The same transformations for h and g(h): they depend on task, split and batch alone.</summary>
    private static (Tensor Features, Tensor Labels) Transform(
        Pretrained pretrained,
        FrozenEncoder frozen,
        Task task,
        ImageSet images,
        string split
    )
    {
        using var scope = NewDisposeScope();
        var labels = zeros(images.Count, ScalarType.Int64, pretrained.Device);
        var features = frozen.Extract(
            images,
            (view, batch) =>
            {
                using var generator = pretrained.Streams.At($"retention {task.Name} {split}", batch);
                var drawn = task.View.Draw(BatchShape.Of(view), generator);
                labels.narrow(0, batch * SharedRows.BatchSize, view.shape[0]).copy_(drawn[task.Parameter]);
                var changed = task.View.Apply(view, drawn);
                return pretrained.Evaluation.Normalization is { } last ? changed.Through(last) : changed;
            }
        );
        pretrained.Ranks.AllReduceSum(labels);
        return (features.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    }
}
