using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class ClassifierTrainingTests
{
    [Fact]
    public void Cross_entropy_of_one_class_per_image_by_hand()
    {
        // Softmax (1/4, 3/4) and (1/2, 1/2): -(ln 1/4 + ln 1/2) / 2.
        using var scope = NewDisposeScope();
        var scores = tensor(new[] { 0, Math.Log(3), 1, 1 }, [2, 2]);
        var loss = ClassifierTraining.CrossEntropy(scores, tensor(new long[] { 0, 1 })).ToDouble();
        Assert.Equal((Math.Log(4) + Math.Log(2)) / 2, loss, 1e-12);
    }

    [Fact]
    public void Cross_entropy_of_several_classes_per_image_by_hand()
    {
        // σ(ln 3) = 3/4. Image 0 shows class 0, not class 1; image 1 does not show class 0, and class 1 does not count.
        using var scope = NewDisposeScope();
        var scores = tensor(new[] { Math.Log(3), 0, Math.Log(3), 5 }, [2, 2]);
        var targets = tensor(new long[] { 1, -1, -1, 0 }, [2, 2]);
        var loss = ClassifierTraining.CrossEntropy(scores, targets).ToDouble();
        Assert.Equal((-Math.Log(0.75) - Math.Log(0.5) - Math.Log(0.25)) / 2, loss, 1e-12);
    }

    [Fact]
    public void Steps_are_nesterovs_with_half_a_cosine_and_no_warmup()
    {
        // h is the image itself; two epochs of the one batch there is. The reference knows the images' order to be of no account.
        using var scope = NewDisposeScope();
        using var tiny = new Tiny(
            new PixelsSpec(4),
            splits: new ImageSplits(Tiny.Images(8, 2, side: 4), Tiny.Images(4, 2, side: 4))
        );
        var train = tiny.Pretrained.Splits.Train;
        using var weights = tiny.Pretrained.Streams.At("test", 0, CPU);
        using var classifier = ImageClassifier.OnFrozen(tiny.Pretrained.Encoder, 2, CPU, weights);
        var w = classifier.state_dict()["classifier.weight"].detach().to_type(ScalarType.Float64);
        var b = zeros(2, ScalarType.Float64);
        ClassifierTraining.Train(
            classifier,
            train,
            new Identity(),
            new ClassifierSettings(2, 100, batch => 0.05 * batch, 0.1),
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

    [Fact]
    public void A_rate_that_diverges_is_said_to()
    {
        using var tiny = new Tiny();
        var error = Assert.Throws<TrainingFailedException>(() =>
            new FineTuning(1, 0, Tiny.Quick(2, 1e30)).Measure(tiny.Pretrained)
        );
        Assert.Contains("Lower its learning rate", error.Message);
    }

    [Fact]
    public void Cancelling_ends_it()
    {
        using var tiny = new Tiny();
        var cancelled = tiny.Pretrained with { Cancellation = new CancellationToken(true) };
        Assert.Throws<OperationCanceledException>(() => new FineTuning(1, 0, Tiny.Quick()).Measure(cancelled));
    }
}
