using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Tests.Training;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class ValidationMonitorTests
{
    private static readonly EvaluationSpec Evaluation = new(new Resize(16), [1e-2], 0.25, 5, 0.1);
    private static readonly ValidationNeighbours Knn = new(5, 0.1);

    private static readonly MonitoredMeasurement[] All =
    [
        new("k-NN", Knn),
        new("RankMe", new RankMe(OfZ: false)),
        new("RankMe z", new RankMe(OfZ: true)),
        new("h", new AlignmentUniformity(OfZ: false)),
    ];

    private sealed class Function(Func<Validation, double> value) : IValidationMeasurement
    {
        public IReadOnlyList<Figure> Measure(Validation validation) => [new Figure("value", value(validation))];
    }

    private static ValidationMonitor Watch(
        Pretraining training,
        ImageSet images,
        IReadOnlyList<MonitoredMeasurement>? measurements = null,
        MonitoredImages? some = null,
        EarlyStopping? stopping = null,
        Action<string, Exception>? warn = null
    )
    {
        var monitor = new ValidationMonitor(
            training,
            Evaluation,
            images,
            some ?? new MonitoredImages(1000, 0.25),
            1,
            measurements ?? All
        )
        {
            Stopping = stopping,
            Warn = warn,
        };
        training.Monitor = monitor;
        return monitor;
    }

    [Fact]
    public void Weights_and_losses_are_bit_for_bit_what_they_are_without_it()
    {
        using var images = Small.Noise();
        using var alone = new Pretraining(Small.Spec(), images, CPU);
        using var watched = new Pretraining(Small.Spec(), images, CPU);
        // A measurement that draws from libtorch's own generator, which it should not.
        MonitoredMeasurement[] measurements = [.. All, new("drawn", new Function(_ => rand(3).sum().ToDouble()))];
        using var monitor = Watch(watched, images, measurements);
        var (expected, actual) = (alone.Run(), watched.Run());
        Assert.Equal(
            expected.Progress.Select(point => (point.Loss, point["gradient norm"])),
            actual.Progress.Select(point => (point.Loss, point["gradient norm"]))
        );
        Assert.Equal(Small.Bytes(alone), Small.Bytes(watched));
        Assert.Equal(3, actual.Progress.Count(point => point.Figures.Any(figure => figure.Name == "k-NN top-1")));
    }

    [Fact]
    public void Its_figures_are_those_of_the_images_held_out_by_the_others()
    {
        using var images = Tiny.Images(60, 2);
        using var training = new Pretraining(Small.Spec() with { Epochs = 1 }, images, CPU);
        using var monitor = Watch(training, images);
        var seen = training.Run().Progress[^1];
        // Those that the linear probe's strength is chosen on, by the same stream.
        using var generator = new RandomStreams(0).At(RandomStreams.Evaluation, 0);
        var (fit, heldOut) = images.SplitValidation(0.25, generator);
        using (fit)
        using (heldOut)
        {
            Assert.Equal((44, 16), (fit.Count, heldOut.Count));
            using var pretrained = new Pretrained(
                Small.Spec(),
                training.Encoder,
                training.Head,
                Evaluation,
                new ImageSplits(fit, heldOut),
                CPU
            );
            Assert.Equal(new NeighbourEvaluation().Measure(pretrained)[0].Value, seen["k-NN top-1"]);
            var aligned = new AlignmentUniformity(false).Measure(pretrained);
            Assert.Equal(aligned.Select(figure => figure.Value), [seen["h alignment"], seen["h uniformity"]]);
            Assert.Equal(RankMe.Of(pretrained.TestFeatures().H), seen["RankMe h"]);
            using var z = pretrained.Frozen(withHead: true).Extract(heldOut);
            Assert.Equal(RankMe.Of(z), seen["RankMe z z"]);
        }
    }

    [Fact]
    public void It_takes_as_many_images_of_each_class_as_it_is_told()
    {
        using var images = Tiny.Images(60, 3);
        using var training = new Pretraining(Small.Spec() with { Epochs = 1 }, images, CPU);
        var counts = new List<long>();
        var count = new Function(validation =>
        {
            counts.AddRange([validation.Fit().Count, validation.HeldOut().Count]);
            counts.AddRange(
                validation
                    .HeldOut()
                    .Labels.data<long>()
                    .ToArray()
                    .CountBy(label => label)
                    .OrderBy(named => named.Key)
                    .Select(named => (long)named.Value)
            );
            return 0;
        });
        using var monitor = Watch(training, images, [new("count", count)], new MonitoredImages(30, 0.2));
        training.Run();
        Assert.Equal([24, 6, 2, 2, 2], counts);
    }

    [Fact]
    public void A_measurement_that_fails_is_told_of_once_and_loses_nothing()
    {
        using var images = Small.Noise();
        using var training = new Pretraining(Small.Spec(), images, CPU);
        var told = new List<string>();
        var looks = 0;
        var failing = new Function(_ => ++looks == 3 ? 1 : throw new InvalidOperationException($"look {looks}"));
        MonitoredMeasurement[] measurements = [new("bad", failing), new("k-NN", Knn)];
        using var monitor = Watch(
            training,
            images,
            measurements,
            warn: (label, error) => told.Add($"{label}: {error.Message}")
        );
        var result = training.Run();
        Assert.Equal(["bad: look 1"], told);
        Assert.Equal(12, result.Steps);
        Assert.Equal(3, result.Progress.Count(point => point.Figures.Any(figure => figure.Name == "k-NN top-1")));
        Assert.Equal(1, result.Progress.Count(point => point.Figures.Any(figure => figure.Name == "bad value")));
        Assert.Empty(monitor.Failures); // the last look was whole
    }

    [Fact]
    public void A_training_that_is_taken_up_has_the_same_weights_curve_and_end()
    {
        using var images = Small.Noise();
        var spec = Small.Spec() with { Epochs = 30 };
        // Falls as the loss does, and ends when three looks have brought less.
        var stopping = new EarlyStopping("h uniformity", 3, 0.05, SmallerIsBetter: true);
        (TrainingResult Result, Dictionary<string, string> State) Train(long? interruptedAfter, Checkpointing? at)
        {
            using var source = new CancellationTokenSource();
            using var training = new Pretraining(spec, images, CPU);
            using var monitor = Watch(training, images, stopping: stopping);
            void Report(TrainingProgress point)
            {
                if (point.Step == interruptedAfter)
                    source.Cancel();
            }
            if (interruptedAfter is null)
                return (training.Run(Report, default, at), Small.Bytes(training));
            Assert.Throws<TrainingInterruptedException>(() => training.Run(Report, source.Token, at));
            return (null!, []);
        }
        var (expected, weights) = Train(null, null);
        Assert.InRange(expected.Steps, 4 * 4, 4 * 29);
        using var folder = new TemporaryFolder();
        var checkpointing = new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.FromHours(1));
        foreach (var step in new[] { 3, 8, expected.Steps - 1 })
            Train(step, checkpointing);
        var (actual, state) = Train(null, checkpointing);
        Assert.Equal(expected.Steps, actual.Steps);
        Assert.Equal(expected.Figures, actual.Figures);
        Assert.Equal(
            expected.Progress.SelectMany(point => point.Figures),
            actual.Progress.SelectMany(point => point.Figures)
        );
        Assert.Equal(weights, state);
    }

    [Fact]
    public void What_holds_no_images_out_is_refused()
    {
        using var images = Tiny.Images(20, 2);
        using var training = new Pretraining(Small.Spec(), images, CPU);
        var error = Assert.Throws<ArgumentException>(() => Watch(training, images, some: new MonitoredImages(2, 0.2)));
        Assert.Contains("leaves 2 and 0; give it more images", error.Message);
    }
}
