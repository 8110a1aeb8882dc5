using SimCLR.Core.Evaluation;
using SimCLR.Core.Heads;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class FineTuningTests
{
    private static Dictionary<string, byte[]> Parameters(nn.Module module) =>
        module
            .named_parameters()
            .ToDictionary(named => named.name, named => named.parameter.detach().contiguous().bytes.ToArray());

    [Fact]
    public void A_copy_is_trained_whole_and_the_encoder_and_head_given_stay_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        var before = tiny.State();
        var (encoder, head) = (Parameters(tiny.Pretrained.Encoder), Parameters(tiny.Pretrained.Head));
        using var tuned = new FineTuning(1, 1, Tiny.Quick()).Train(tiny.Pretrained);
        Assert.Equal(before, tiny.State());
        var after = Parameters(tuned);
        Assert.All(encoder, named => Assert.NotEqual(named.Value, after[$"encoder.{named.Key}"]));
        Assert.NotEqual(head["layers.0.weight"], after["head.layers.0.weight"]);
        var top1 = tuned.Measure(ProbeMetric.Top1, tiny.Pretrained.Splits.Test, tiny.Pretrained.Evaluation.View);
        Assert.InRange(top1, 0.9, 1);
    }

    [Fact]
    public void It_begins_with_the_pretrained_weights()
    {
        // At a rate of 0 they stay where they began.
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        using var tuned = new FineTuning(1, 1, Tiny.Quick(1, 0)).Train(tiny.Pretrained);
        var after = Parameters(tuned);
        Assert.All(
            Parameters(tiny.Pretrained.Encoder),
            named => Assert.Equal(named.Value, after[$"encoder.{named.Key}"])
        );
        Assert.All(Parameters(tiny.Pretrained.Head), named => Assert.Equal(named.Value, after[$"head.{named.Key}"]));
    }

    [Theory]
    [InlineData(0, 16)] // h
    [InlineData(1, 12)] // the hidden layer
    [InlineData(2, 10)] // z
    public void The_classifier_sees_what_the_first_layers_of_the_head_make(int layers, long size)
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny(head: new HeadSpec(2, Output: 10, Hidden: 12));
        using var tuned = new FineTuning(0.5, layers, Tiny.Quick(1)).Train(tiny.Pretrained);
        Assert.Equal([2, size], tuned.state_dict()["classifier.weight"].shape);
        Assert.Equal(layers > 0, tuned.state_dict().ContainsKey("head.layers.0.weight"));
    }

    [Fact]
    public void More_layers_than_the_head_has_are_refused()
    {
        using var tiny = new Tiny();
        var error = Assert.Throws<ArgumentOutOfRangeException>(() =>
            new FineTuning(1, 3, Tiny.Quick(1)).Measure(tiny.Pretrained)
        );
        Assert.Contains("use 0 to 2", error.Message);
    }

    [Fact]
    public void A_part_of_the_labels_is_the_same_images_each_time_and_the_same_number_of_each_class()
    {
        using var tiny = new Tiny();
        using var part = LabelledPart.Of(tiny.Pretrained, 0.2);
        using var again = LabelledPart.Of(tiny.Pretrained, 0.2);
        Assert.Equal(12, part.Count);
        Assert.Equal(6, part.Labels.data<long>().Count(label => label == 0));
        Assert.Equal(part.Images.bytes.ToArray(), again.Images.bytes.ToArray());
    }

    [Theory]
    [InlineData(0, 20, "Epochs is 0")]
    [InlineData(1, 1, "BatchSize is 1")]
    public void Settings_out_of_range_are_refused(int epochs, int batch, string said)
    {
        using var tiny = new Tiny();
        var settings = new ClassifierSettings(epochs, batch, _ => 0.1);
        var error = Assert.Throws<ArgumentException>(() => new FineTuning(1, 0, settings).Measure(tiny.Pretrained));
        Assert.Contains($"fine-tuning: {said}", error.Message);
    }
}
