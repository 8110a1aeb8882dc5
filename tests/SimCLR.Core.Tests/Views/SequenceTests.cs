using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class SequenceTests
{
    [Fact]
    public void Steps_come_in_order_each_with_its_own_parameters()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        IView crop = new RandomResizedCrop(6),
            flip = new HorizontalFlip(),
            noise = new GaussianNoise();
        var sequence = new Sequence(crop, flip, noise);
        var images = RandomImages(10, 3, 9, 9);
        var drawn = sequence.Draw(BatchShape.Of(images), generator);
        Assert.Equal(3, drawn.Children.Count);
        var expected = noise.Apply(
            flip.Apply(crop.Apply(images, drawn.Children[0]), drawn.Children[1]),
            drawn.Children[2]
        );
        Assert.True(Same(expected, sequence.Apply(images, drawn)));
    }

    [Fact]
    public void Shapes_are_handed_from_step_to_step()
    {
        var sequence = new Sequence(new Resize(20, 30), new CenterCrop(10, 12), new RandomResizedCrop(7));
        var shape = new BatchShape(2, 3, 40, 40, CPU);
        Assert.Equal(shape with { Height = 7, Width = 7 }, sequence.Output(shape));
        // Noise has the shape of the pixels, so it is drawn for those that reach it.
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var drawn = new Sequence(new Resize(5, 6), new GaussianNoise()).Draw(shape, generator);
        Assert.Equal([2, 3, 5, 6], drawn.Children[1]["noise"].shape);
    }

    [Fact]
    public void A_step_that_refuses_makes_the_sequence_refuse() =>
        Assert.Throws<ArgumentException>(() =>
            new Sequence(new Resize(8, 9), new Rotate()).Output(new BatchShape(2, 3, 40, 40, CPU))
        );

    [Fact]
    public void Steps_that_return_their_input_are_disposed_once()
    {
        using var images = RandomImages(4, 3, 8, 8);
        using var generator = Seeded(1);
        var sequence = new Sequence(
            new Identity(),
            new Sequence(new Identity(), new GaussianNoise()),
            new Identity(),
            new Sequence(),
            new Resize(8),
            new Resize(6),
            new Identity()
        );
        using var left = new LeftTensors();
        var drawn = sequence.Draw(BatchShape.Of(images), generator);
        var output = sequence.Apply(images, drawn);
        Assert.Equal(Flatten(drawn).Count() + 1, left.Count);
        Assert.False(images.IsInvalid);
        Assert.Equal([4, 3, 6, 6], output.shape);
        foreach (var tensor in Flatten(drawn).Append(output))
            tensor.Dispose();
        Assert.Equal(0, left.Count);
    }

    [Fact]
    public void Parameters_of_another_sequence_are_refused()
    {
        using var images = RandomImages(4, 3, 8, 8);
        var error = Assert.Throws<ArgumentException>(() =>
            new Sequence(new Identity(), new Identity()).Apply(images, ViewParameters.None)
        );
        Assert.Contains("2 views", error.Message);
    }
}
