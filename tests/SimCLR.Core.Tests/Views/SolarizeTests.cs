using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class SolarizeTests
{
    [Fact]
    public void Values_from_the_threshold_on_are_inverted()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new float[] { 0, 0.25f, 0.5f, 0.75f, 1, 0.75f }).view(2, 1, 1, 3);
        var output = new Solarize(0.5).Apply(images, Parameters(("apply", tensor(new[] { true, false }))));
        Assert.Equal([0, 0.25, 0.5, 0.75, 1, 0.75], Doubles(output));
        var higher = new Solarize(0.75).Apply(images, Parameters(("apply", All(2))));
        Assert.Equal([0, 0.25, 0.5, 0.25, 0, 0.25], Doubles(higher));
    }
}
