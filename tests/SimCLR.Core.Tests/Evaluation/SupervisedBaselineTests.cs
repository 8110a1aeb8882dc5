using SimCLR.Core.Evaluation;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class SupervisedBaselineTests
{
    [Fact]
    public void It_begins_with_the_weights_that_pretraining_began_with()
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        using var pretraining = new Pretraining(tiny.Pretrained.Spec, tiny.Pretrained.Splits.Train, CPU);
        using var trained = new SupervisedBaseline(1, Tiny.Quick(1, 0)).Train(tiny.Pretrained);
        var after = trained.named_parameters().ToDictionary(named => named.name, named => named.parameter);
        Assert.All(
            pretraining.Encoder.named_parameters(),
            named =>
                Assert.Equal(
                    named.parameter.detach().contiguous().bytes.ToArray(),
                    after[$"encoder.{named.name}"].detach().contiguous().bytes.ToArray()
                )
        );
    }

    [Fact]
    public void It_learns_on_the_first_view_and_neither_uses_nor_changes_the_pretrained_encoder()
    {
        var (a, b) = (new Counted(new RandomResizedCrop(Tiny.Side)), new Counted(new RandomResizedCrop(Tiny.Side)));
        using var tiny = new Tiny(viewA: a, viewB: b);
        var baseline = new SupervisedBaseline(1, Tiny.Quick());
        var before = tiny.State();
        var figure = baseline.Measure(tiny.Pretrained).Single();
        Assert.Equal("top-1", figure.Name);
        Assert.InRange(figure.Value, 0.9, 1);
        Assert.Equal(before, tiny.State());
        // 60 images in batches of 20, 8 epochs.
        Assert.Equal((24, 0), (a.Draws, b.Draws));

        using (no_grad())
            foreach (var parameter in tiny.Pretrained.Encoder.parameters())
                parameter.zero_();
        Assert.Equal(figure, baseline.Measure(tiny.Pretrained).Single());
    }

    [Fact]
    public void A_part_of_the_labels_makes_fewer_steps()
    {
        var view = new Counted(new RandomResizedCrop(Tiny.Side));
        using var tiny = new Tiny(viewA: view);
        new SupervisedBaseline(0.5, Tiny.Quick(2)).Measure(tiny.Pretrained);
        // 30 images in batches of 20: the incomplete second one is left out.
        Assert.Equal(2, view.Draws);
    }
}
