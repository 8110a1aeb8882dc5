using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class ClassifierTraineeTests
{
    [Fact]
    public void Cross_entropy_of_one_class_per_image_by_hand()
    {
        // Softmax (1/4, 3/4) and (1/2, 1/2): -(ln 1/4 + ln 1/2) / 2.
        using var scope = NewDisposeScope();
        var scores = tensor(new[] { 0, Math.Log(3), 1, 1 }, [2, 2]);
        var loss = ClassifierTrainee.CrossEntropy(scores, tensor(new long[] { 0, 1 })).ToDouble();
        Assert.Equal((Math.Log(4) + Math.Log(2)) / 2, loss, 1e-12);
    }

    [Fact]
    public void Cross_entropy_of_several_classes_per_image_by_hand()
    {
        // σ(ln 3) = 3/4. Image 0 shows class 0, not class 1; image 1 does not show class 0, and class 1 does not count.
        using var scope = NewDisposeScope();
        var scores = tensor(new[] { Math.Log(3), 0, Math.Log(3), 5 }, [2, 2]);
        var targets = tensor(new long[] { 1, -1, -1, 0 }, [2, 2]);
        var loss = ClassifierTrainee.CrossEntropy(scores, targets).ToDouble();
        Assert.Equal((-Math.Log(0.75) - Math.Log(0.5) - Math.Log(0.25)) / 2, loss, 1e-12);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // The optimizer that is given counts, and its decay.
    public void Steps_are_nesterovs_with_half_a_cosine_and_no_warmup(bool given)
    {
        // h is the image itself; two epochs of the one batch there is. The reference knows the images' order to be of no account.
        using var scope = NewDisposeScope();
        using var tiny = new Tiny(
            new PixelsSpec(4),
            splits: new ImageSplits(Tiny.Images(8, 2, side: 4), Tiny.Images(4, 2, side: 4))
        );
        var train = tiny.Pretrained.Splits.Train;
        using var weights = tiny.Pretrained.Streams.At("test", 0);
        using var classifier = ImageClassifier.OnFrozen(tiny.Pretrained.Encoder, 2, CPU, weights);
        var w = classifier.state_dict()["classifier.weight"].detach().to_type(ScalarType.Float64);
        var b = zeros(2, ScalarType.Float64);
        ClassifierTrainee.Train(
            classifier,
            train,
            new Identity(),
            given
                ? new ClassifierSettings(
                    2,
                    100,
                    batch => 0.05 * batch,
                    7,
                    Optimizer: new SgdSpec(0.9, 0.1, Nesterov: true)
                )
                : new ClassifierSettings(2, 100, batch => 0.05 * batch, 0.1),
            tiny.Pretrained,
            "test"
        );

        var x = train.Images.reshape(8, -1).to_type(ScalarType.Float64) / 255;
        var (vw, vb) = (zeros_like(w), zeros_like(b));
        foreach (var rate in new[] { 0.4, 0.2 }) // 8 images: 0.05 · 8, then half of it
        {
            var error = nn.functional.softmax(x.mm(w.t()) + b, 1) - nn.functional.one_hot(train.Labels, 2);
            var (gw, gb) = (error.t().mm(x) / 8 + 0.1 * w, error.mean([0]));
            (vw, vb) = (0.9 * vw + gw, 0.9 * vb + gb);
            (w, b) = (w - rate * (gw + 0.9 * vw), b - rate * (gb + 0.9 * vb));
        }
        var state = classifier.state_dict();
        Assert.InRange((state["classifier.weight"] - w).abs().max().ToDouble(), 0, 1e-5);
        Assert.InRange((state["classifier.bias"] - b).abs().max().ToDouble(), 0, 1e-5);
    }

    /// <summary>What version 0.1 came to, which had another loop: order, views, schedule and steps are the same.</summary>
    [Theory]
    [InlineData("fine-tuning", 0.013027, -0.495983, -0.007595)]
    [InlineData("linear SGD", -0.011911, -0.718337, -0.017252)]
    [InlineData("supervised", 0.050261, -4.603310, 0.101919)]
    [InlineData("distillation", -0.110801, -6.695059, -0.125981)]
    [InlineData("transfer", 0.020689, 3.818150, 0.082257)]
    public void Trained_classifiers_are_those_of_the_version_before(string name, double bias, double sum, double first)
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        var pretrained = tiny.Pretrained;
        using var several = Several();
        var settings = Tiny.Quick(3);
        using var classifier = name switch
        {
            "fine-tuning" => new FineTuning(0.5, 1, settings).Train(pretrained),
            "linear SGD" => new LinearSgd(settings).Train(pretrained),
            "supervised" => new SupervisedBaseline(1, settings).Train(pretrained),
            "distillation" => new Distillation(
                new FineTuning(1, 0, Tiny.Quick(2)),
                new SmallConvSpec([4]),
                0.5,
                Tiny.Quick(2)
            ).Train(pretrained, new FineTuning(1, 0, Tiny.Quick(2)).Train(pretrained)),
            _ => Transfer.Train(pretrained, several, Tiny.Quick(2)),
        };
        var scores = classifier.Scores(pretrained.Splits.Test, pretrained.Evaluation.View);
        // Rounding differs between processors.
        Assert.Equal(bias, classifier.state_dict()["classifier.bias"][0].ToDouble(), 1e-4);
        Assert.Equal(sum, scores.select(1, 0).sum().ToDouble(), 4e-3);
        Assert.Equal(first, scores[0, 0].ToDouble(), 1e-4);
    }

    /// <summary>Class 0 is shown by red images, class 1 by the others; of the first image it is not said.</summary>
    private static ImageSet Several()
    {
        using var plain = Tiny.Images(40, 2, 5);
        var red = plain.Labels * 2 - 1;
        var targets = stack([red, -red], 1);
        targets[0] = zeros(2, ScalarType.Int64);
        return new ImageSet(plain.Images.clone(), full([40], -1, ScalarType.Int64), ["red", "not red"], targets);
    }

    [Fact]
    public void Its_figures_are_loss_and_accuracy_of_the_batch_where_labels_are_classes()
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        using var several = Several();
        var seen = new List<TrainingProgress>();
        var pretrained = tiny.Pretrained with { Report = seen.Add };
        // At a rate of 0 the classifier stays as it is, and its batch is all images.
        using var weights = pretrained.Streams.At("test", 0);
        using var classifier = ImageClassifier.OnFrozen(pretrained.Encoder, 2, CPU, weights);
        var train = pretrained.Splits.Train;
        ClassifierTrainee.Train(
            classifier,
            train,
            pretrained.Evaluation.View,
            new ClassifierSettings(1, 60, _ => 0),
            pretrained,
            "test"
        );
        Assert.Equal(["loss", "top-1", "gradient norm"], seen.Single().Figures.Select(figure => figure.Name));
        var scores = classifier.Scores(train, pretrained.Evaluation.View);
        Assert.Equal(nn.functional.cross_entropy(scores, train.Labels).ToDouble(), seen[0].Loss, 1e-5);
        Assert.Equal(Metrics.TopK(scores, train.Labels, 1), seen[0]["top-1"], 1e-6);
        Transfer.Train(pretrained, several, Tiny.Quick(1)).Dispose();
        Assert.Equal(["loss", "gradient norm"], seen[^1].Figures.Select(figure => figure.Name));
    }

    [Fact]
    public void A_rate_that_diverges_is_said_to()
    {
        using var tiny = new Tiny();
        // At the interval that sees it, not at the end, 30 steps later.
        var error = Assert.Throws<TrainingFailedException>(() =>
            new FineTuning(1, 0, Tiny.Quick(10, 1e30)).Measure(tiny.Pretrained)
        );
        Assert.Matches(@"fine-tuning: the loss is \S+ by step [2-9]: training has diverged", error.Message);
        Assert.Contains("Lower its learning rate (now 1e+30)", error.Message);
    }

    [Fact]
    public void Cancelling_ends_it()
    {
        using var tiny = new Tiny();
        var cancelled = tiny.Pretrained with { Cancellation = new CancellationToken(true) };
        Assert.Throws<TrainingInterruptedException>(() => new FineTuning(1, 0, Tiny.Quick()).Measure(cancelled));
    }
}
