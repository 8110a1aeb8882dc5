using SimCLR.Core.Evaluation;
using SimCLR.Core.Training;

namespace SimCLR.Core.Tests.Evaluation;

public class NeighbourEvaluationTests
{
    [Theory]
    [InlineData(5, 0.1)]
    [InlineData(60, 100.0)] // all training images vote alike: a guess
    public void It_is_k_nn_of_h_with_the_count_and_the_temperature_of_the_evaluation(int k, double temperature)
    {
        using var tiny = new Tiny();
        var (before, splits) = (tiny.State(), tiny.Pretrained.Splits);
        using var train = tiny.Pretrained.Frozen().Train(splits.Train);
        using var test = tiny.Pretrained.Frozen().Test(splits.Test);
        using var asked = tiny.Pretrained with
        {
            Evaluation = tiny.Pretrained.Evaluation with { NeighbourCount = k, NeighbourTemperature = temperature },
        };
        var figure = Assert.Single(new NeighbourEvaluation().Measure(asked));
        Assert.Equal(new Figure("top-1", NearestNeighbours.Top1(train, test, k, temperature)), figure);
        Assert.True(k == 60 || figure.Value > 0.9, $"{figure.Value}");
        Assert.Equal(before, tiny.State());
    }
}
