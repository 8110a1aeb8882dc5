using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class NeighbourChoiceTests
{
    private static readonly (int, double)[] Candidates = [(1, 0.1), (5, 0.1), (60, 10)];

    [Fact]
    public void The_best_on_validation_is_chosen_whatever_the_test_labels_are()
    {
        using var scope = NewDisposeScope();
        var figures = new List<IReadOnlyList<Figure>>();
        foreach (var shift in new[] { 0, 1 })
        {
            // A quarter of the training labels is wrong: one neighbour is a bad choice.
            using var test = Tiny.Images(40, 2, seed: 2);
            using var train = Tiny.Images(60, 2, seed: 1);
            var noisy = where((arange(60) % 8).lt(2), 1 - train.Labels, train.Labels);
            var splits = new ImageSplits(
                new ImageSet(train.Images.clone(), noisy, train.ClassNames),
                new ImageSet(test.Images.clone(), (test.Labels + shift) % 2, test.ClassNames)
            );
            using var tiny = new Tiny(splits: splits);
            figures.Add(new NeighbourChoice(Candidates).Measure(tiny.Pretrained));
            Assert.Equal(
                [FigureUnit.Share, FigureUnit.Plain, FigureUnit.Plain],
                figures[^1].Select(figure => figure.Unit)
            );

            using var all = tiny.Pretrained.Frozen().Train(splits.Train);
            using var generator = tiny.Pretrained.Streams.At(Core.Runtime.RandomStreams.Evaluation, 0);
            var (fit, validation) = all.HoldOut(0.25, generator);
            var best = Candidates.MaxBy(pair => NearestNeighbours.Top1(fit, validation, pair.Item1, pair.Item2));
            Assert.Equal(best.Item1, figures[^1].Single(figure => figure.Name == "k").Value);
            Assert.Equal(best.Item2, figures[^1].Single(figure => figure.Name == "temperature").Value);
        }
        Assert.Equal(figures[0].Skip(1), figures[1].Skip(1));
        Assert.Equal(1, figures[0][0].Value + figures[1][0].Value, 1e-9);
        Assert.NotEqual(1, figures[0][1].Value);
    }

    [Fact]
    public void Nothing_to_choose_from_is_refused()
    {
        using var tiny = new Tiny();
        Assert.Contains(
            "no k to choose from",
            Assert.Throws<ArgumentException>(() => new NeighbourChoice([]).Measure(tiny.Pretrained)).Message
        );
    }
}
