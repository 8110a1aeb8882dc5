using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class TransferTests
{
    private static ImageSplits Other(bool wrongTestLabels = false)
    {
        using var scope = NewDisposeScope();
        using var test = Tiny.Images(30, 3, seed: 4);
        var labels = wrongTestLabels ? (test.Labels + 1) % 3 : test.Labels.clone();
        return new ImageSplits(Tiny.Images(60, 3, seed: 3), new ImageSet(test.Images.clone(), labels, test.ClassNames));
    }

    /// <summary>Settings that tell each training with them.</summary>
    private static ClassifierSettings Told(List<string> trainings, string name, double rate) =>
        new(
            6,
            20,
            batch =>
            {
                trainings.Add(name);
                return rate;
            }
        );

    [Fact]
    public void The_papers_strengths_are_45_from_1e_minus_6_to_1e5_in_equal_ratios()
    {
        var strengths = Transfer.PaperStrengths;
        Assert.Equal(45, strengths.Count);
        Assert.Equal(1e-6, strengths[0], 1e-18);
        Assert.Equal(1e5, strengths[^1], 1e-4);
        Assert.All(
            strengths.Zip(strengths.Skip(1)),
            pair => Assert.Equal(Math.Pow(10, 0.25), pair.Second / pair.First, 1e-9)
        );
    }

    [Fact]
    public void Settings_are_chosen_on_a_part_of_the_training_images_whatever_the_test_labels_are()
    {
        using var tiny = new Tiny();
        var before = tiny.State();
        var values = new List<double>();
        foreach (var wrong in new[] { false, true })
        {
            using var splits = Other(wrong);
            var trainings = new List<string>();
            var settings = new[] { Told(trainings, "still", 0), Told(trainings, "learns", 0.1) };
            var figures = new Transfer(splits, ProbeMetric.Top1, [1e-2, 1], settings).Measure(tiny.Pretrained);
            Assert.Equal(["still", "learns", "learns"], trainings);
            Assert.Equal(["linear top-1", "fine-tuned top-1"], figures.Select(figure => figure.Name));
            values.AddRange(figures.Select(figure => figure.Value));
        }
        Assert.InRange(values[1], 0.8, 1);
        // A prediction that is right is wrong with the labels shifted.
        Assert.True(values[0] + values[2] < 1 + 1e-9 && values[1] + values[3] < 1 + 1e-9);
        Assert.Equal(before, tiny.State());
    }

    [Fact]
    public void One_setting_is_taken_as_it_is_and_none_means_no_fine_tuning()
    {
        using var tiny = new Tiny();
        using var splits = Other();
        var trainings = new List<string>();
        var one = new[] { Told(trainings, "one", 0.1) };
        new Transfer(splits, ProbeMetric.Top1, [1], one).Measure(tiny.Pretrained);
        Assert.Equal(["one"], trainings);
        Assert.Single(new Transfer(splits, ProbeMetric.Top1, [1], []).Measure(tiny.Pretrained));
    }

    [Fact]
    public void The_linear_figure_is_that_of_a_probe_of_frozen_features_by_the_metric()
    {
        using var tiny = new Tiny();
        using var splits = Other();
        double[] strengths = [1e-3, 1];
        var figure = new Transfer(splits, ProbeMetric.PerClassMean, strengths, []).Measure(tiny.Pretrained).Single();
        using var train = tiny.Pretrained.Frozen().Train(splits.Train);
        using var test = tiny.Pretrained.Frozen().Test(splits.Test);
        // All training features are fitted again with either strength; the figure is one of the two.
        var either = strengths.Select(l2 => LinearProbe.Fit(train, l2).Measure(ProbeMetric.PerClassMean, test));
        Assert.Contains(figure.Value, either);
        Assert.Equal("linear mean per class", figure.Name);
    }

    [Fact]
    public void Images_of_several_classes_are_measured_by_mean_average_precision_only()
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        using var splits = new ImageSplits(Several(40, 5), Several(20, 6));
        var error = Assert.Throws<ArgumentException>(() =>
            new Transfer(splits, ProbeMetric.Top1, [1], []).Measure(tiny.Pretrained)
        );
        Assert.Contains("use 11-point mAP", error.Message);
        var figures = new Transfer(splits, ProbeMetric.ElevenPointMap, [1e-3, 1], [Tiny.Quick()]).Measure(
            tiny.Pretrained
        );
        Assert.Equal(["linear 11-point mAP", "fine-tuned 11-point mAP"], figures.Select(figure => figure.Name));
        // Whether red is shown can be told from the image.
        Assert.All(figures, figure => Assert.InRange(figure.Value, 0.7, 1));
    }

    [Fact]
    public void Images_of_other_channels_are_refused()
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        ImageSet Gray() => new(zeros([4, 1, 16, 16], ScalarType.Byte), arange(4) % 2, ["a", "b"]);
        using var splits = new ImageSplits(Gray(), Gray());
        var error = Assert.Throws<ArgumentException>(() =>
            new Transfer(splits, ProbeMetric.Top1, [1], []).Measure(tiny.Pretrained)
        );
        Assert.Contains("images of 3 channels, but these have 1", error.Message);
    }

    /// <summary>Class 0 is shown by red images, class 1 by the others; of the first image it is not said.</summary>
    private static ImageSet Several(int count, long seed)
    {
        using var plain = Tiny.Images(count, 2, seed);
        var red = plain.Labels * 2 - 1;
        var targets = stack([red, -red], 1);
        targets[0] = zeros(2, ScalarType.Int64);
        return new ImageSet(plain.Images.clone(), full([count], -1, ScalarType.Int64), ["red", "not red"], targets);
    }
}
