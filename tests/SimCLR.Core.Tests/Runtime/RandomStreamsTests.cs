using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Runtime;

public class RandomStreamsTests
{
    private static float[] Draw(long seed, string stream, long step)
    {
        using var generator = new RandomStreams(seed).At(stream, step);
        using var numbers = rand(8, generator: generator);
        return numbers.data<float>().ToArray();
    }

    [Fact]
    public void The_same_key_gives_the_same_numbers() =>
        Assert.Equal(Draw(7, RandomStreams.ViewA, 3), Draw(7, RandomStreams.ViewA, 3));

    [Theory]
    [InlineData(8, RandomStreams.ViewA, 3)]
    [InlineData(7, RandomStreams.ViewB, 3)]
    [InlineData(7, RandomStreams.ViewA, 4)]
    public void Seed_stream_and_step_each_change_the_numbers(long seed, string stream, long step) =>
        Assert.NotEqual(Draw(7, RandomStreams.ViewA, 3), Draw(seed, stream, step));
}
