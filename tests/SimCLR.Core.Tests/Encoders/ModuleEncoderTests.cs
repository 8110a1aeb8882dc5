using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Tests.Encoders;

/// <summary>Beside no others: libtorch has one global generator.</summary>
[Collection("determinism")]
public sealed class ModuleEncoderTests
{
    private static ModuleEncoderSpec Spec(double dropped = 0.5) =>
        new(
            "test",
            channels => (64, Sequential(AdaptiveAvgPool2d(4), Flatten(), Linear(16 * channels, 64), Dropout(dropped)))
        );

    private static Encoder Create(ulong seed = 1)
    {
        using var weights = new Generator(seed);
        return Spec().Create(3, weights);
    }

    private static Tensor Images()
    {
        using var generator = new Generator(5);
        return rand([8, 3, 8, 8], generator: generator);
    }

    /// <summary>What the encoder makes in training, in a step of a stream.</summary>
    private static Tensor Trained(Encoder encoder, Tensor images, string stream, long step)
    {
        using var drawn = Dropped.Draws(encoder, null, new RandomStreams(3), stream, step);
        return encoder.forward(images);
    }

    [Fact]
    public void Its_weights_are_those_of_the_generator_and_no_others()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var first = Create().state_dict();
        manual_seed(2);
        var again = Create().state_dict();
        var other = Create(2).state_dict();
        Assert.All(first, named => Assert.True(named.Value.Equals(again[named.Key])));
        Assert.Contains(first, named => !named.Value.Equals(other[named.Key]));
    }

    [Fact]
    public void What_it_drops_is_decided_by_stream_and_step()
    {
        using var scope = NewDisposeScope();
        var (encoder, images) = (Create(), Images());
        var first = Trained(encoder, images, "a", 4);
        manual_seed(9);
        Assert.True(first.Equals(Trained(encoder, images, "a", 4)));
        Assert.False(first.Equals(Trained(encoder, images, "a", 5)));
        Assert.False(first.Equals(Trained(encoder, images, "b", 4)));
        // A half is dropped: 256 of 512 numbers, give or take five deviations.
        Assert.InRange(first.eq(0).sum().ToInt64(), 199, 313);
        encoder.eval();
        Assert.Null(Dropped.Draws(encoder, null, new RandomStreams(3), "a", 4));
    }

    [Fact]
    public void The_global_generator_goes_on_as_if_nothing_had_been_drawn()
    {
        using var scope = NewDisposeScope();
        var (encoder, images) = (Create(), Images());
        manual_seed(7);
        var expected = rand(3);
        manual_seed(7);
        Create();
        Trained(encoder, images, "a", 0);
        Assert.True(expected.Equals(rand(3)));
    }
}
