using SimCLR.Core.Evaluation;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class RetentionTests
{
    private const int Side = 4;

    /// <summary>Images of which every transformation shows: smooth, each with its top left lighter and its colours apart.</summary>
    private static ImageSet Images(int count, long seed, int channels = 3)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        var ramp = arange(Side, ScalarType.Float32) * 20;
        var shade = 160 - ramp.view(Side, 1) - ramp / 2;
        var colours = tensor(new float[] { 60, 0, -60 }).narrow(0, 0, channels).view(channels, 1, 1);
        var light = randint(0, 30, [count, 1, 1, 1], generator: generator);
        return new ImageSet((shade + colours + light).to_type(ScalarType.Byte), arange(count) % 2, ["a", "b"]);
    }

    private static Tiny Keeping(int train, int test, HeadSpec head, int channels = 3) =>
        new(new PixelsSpec(Side), head, new ImageSplits(Images(train, 1, channels), Images(test, 2, channels)));

    [Fact]
    public void What_keeps_every_pixel_retains_everything_and_what_keeps_nothing_leaves_the_guess()
    {
        // g(h) is constant: a probe of it can only name the most frequent transformation.
        using var tiny = Keeping(600, 1500, new HeadSpec(1, Output: 8, BatchNorm: false));
        using (no_grad())
            foreach (var parameter in tiny.Pretrained.Head.parameters())
                parameter.zero_();
        var figures = new Retention()
            .Measure(tiny.Pretrained)
            .ToDictionary(figure => figure.Name, figure => figure.Value);
        var guesses = new Dictionary<string, double>
        {
            ["colour"] = 0.8,
            ["rotation"] = 0.25,
            ["noise"] = 0.5,
            ["Sobel"] = 0.5,
        };
        Assert.Equal(
            guesses.Keys.SelectMany(task => new[] { $"{task} from g(h)", $"{task} from h" }).Order(),
            figures.Keys.Order()
        );
        foreach (var (task, guess) in guesses)
        {
            // Four standard deviations of the share among 1500 images.
            Assert.Equal(guess, figures[$"{task} from g(h)"], 4 * Math.Sqrt(guess * (1 - guess) / 1500));
            Assert.True(figures[$"{task} from h"] > guess + 0.15, $"{task}: {figures[$"{task} from h"]}");
        }
        Assert.Equal(1, figures["rotation from h"]);
        Assert.Equal(1, figures["Sobel from h"]);
    }

    [Fact]
    public void Both_representations_are_asked_about_the_same_transformations()
    {
        // A head of depth 0 gives h itself.
        using var tiny = Keeping(80, 60, new HeadSpec(0));
        var before = tiny.State();
        var figures = new Retention().Measure(tiny.Pretrained).Select(figure => figure.Value).ToList();
        for (var i = 0; i < figures.Count; i += 2)
            Assert.Equal(figures[i], figures[i + 1]);
        Assert.Equal(before, tiny.State());
    }

    [Fact]
    public void Of_gray_images_no_colour_is_taken_away()
    {
        using var tiny = Keeping(40, 20, new HeadSpec(0), channels: 1);
        var names = new Retention().Measure(tiny.Pretrained).Select(figure => figure.Name.Split(' ')[0]);
        Assert.Equal(["rotation", "noise", "Sobel"], names.Distinct());
    }
}
