using SimCLR.Core.Evaluation;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class RankMeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void As_many_directions_of_the_same_strength_are_as_many_dimensions(int directions)
    {
        using var scope = NewDisposeScope();
        var features = zeros(40, 8, ScalarType.Float32);
        for (var i = 0; i < 40 / directions * directions; i++)
            features[i, i % directions] = 2;
        Assert.Equal(directions, RankMe.Of(features), 1e-3);
    }

    [Fact]
    public void Unequal_strengths_count_by_their_entropy()
    {
        using var scope = NewDisposeScope();
        var features = diag(tensor(new[] { 3.0, 1.0 }));
        // p = 3/4 and 1/4, by hand.
        var expected = Math.Exp(-(0.75 * Math.Log(0.75) + 0.25 * Math.Log(0.25)));
        Assert.Equal(expected, RankMe.Of(features), 1e-5);
    }

    [Theory]
    [InlineData(false, "h")]
    [InlineData(true, "z")]
    public void It_is_measured_of_the_training_images_without_labels(bool ofZ, string name)
    {
        using var tiny = new Tiny();
        var figure = Assert.Single(new RankMe(ofZ).Measure(tiny.Pretrained));
        Assert.Equal(name, figure.Name);
        using var h = tiny.Pretrained.Frozen(ofZ).Extract(tiny.Pretrained.Splits.Train);
        Assert.Equal(RankMe.Of(h), figure.Value, 1e-4);
    }
}
