using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class LinearSgdTests
{
    [Fact]
    public void A_linear_classifier_is_trained_and_the_encoder_is_not()
    {
        using var tiny = new Tiny();
        var before = tiny.State();
        using var classifier = new LinearSgd(Tiny.Quick(20, 1)).Train(tiny.Pretrained);
        Assert.Equal(before, tiny.State());
        Assert.All(tiny.Pretrained.Encoder.parameters(), parameter => Assert.Null(parameter.grad));
        Assert.Equal(["classifier.bias", "classifier.weight"], classifier.state_dict().Keys.Order());
        Assert.InRange(classifier.Measure(ProbeMetric.Top1, tiny.Pretrained.Splits.Test, View(tiny)), 0.9, 1);
    }

    [Fact]
    public void Scores_are_weights_times_frozen_representations_plus_bias()
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        using var classifier = new LinearSgd(Tiny.Quick(1)).Train(tiny.Pretrained);
        using var features = tiny.Pretrained.Frozen().Test(tiny.Pretrained.Splits.Test);
        var state = classifier.state_dict();
        var expected = features.H.mm(state["classifier.weight"].t()) + state["classifier.bias"];
        var scores = classifier.Scores(tiny.Pretrained.Splits.Test, View(tiny));
        Assert.InRange((scores - expected).abs().max().ToDouble(), 0, 1e-5);
    }

    [Theory]
    [InlineData(5, new[] { "top-1" })]
    [InlineData(6, new[] { "top-1", "top-5" })]
    public void Top_5_is_a_figure_where_there_are_more_than_five_classes(int classes, string[] names)
    {
        using var tiny = new Tiny(splits: new ImageSplits(Tiny.Images(24, classes), Tiny.Images(12, classes, 2)));
        var figures = new LinearSgd(Tiny.Quick(1)).Measure(tiny.Pretrained);
        Assert.Equal(names, figures.Select(figure => figure.Name));
        Assert.True(figures[^1].Value >= figures[0].Value);
    }

    private static Core.Views.IView View(Tiny tiny) => tiny.Pretrained.Evaluation.View;
}
