using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class LinearEvaluationTests
{
    [Fact]
    public void It_is_the_probe_of_h_with_the_strengths_and_the_part_of_the_evaluation()
    {
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        var (before, splits) = (tiny.State(), tiny.Pretrained.Splits);
        using var train = tiny.Pretrained.Frozen().Train(splits.Train);
        using var test = tiny.Pretrained.Frozen().Test(splits.Test);
        using var generator = new RandomStreams(tiny.Pretrained.Spec.Seed).At("evaluation", 0);
        var expected = LinearProbe.Run(train, test, [1e-4, 1e-2, 1], 0.25, generator);
        Assert.Equal(
            [
                new Figure("top-1", expected.Top1),
                new Figure("validation top-1", expected.ValidationTop1),
                new Figure("L2", expected.L2, FigureUnit.Plain),
            ],
            new LinearEvaluation().Measure(tiny.Pretrained)
        );
        Assert.InRange(expected.Top1, 0.9, 1);
        Assert.Equal(before, tiny.State());
    }
}
