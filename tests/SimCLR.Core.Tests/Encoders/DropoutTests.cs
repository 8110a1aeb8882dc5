using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Tests.Encoders;

public class DropoutTests
{
    /// <summary>What a module makes in a step of a stream.</summary>
    private static Tensor Trained(Module<Tensor, Tensor> module, Tensor input, string stream = "a", long step = 0)
    {
        using var drawn = GlobalRandomness.At(new RandomStreams(3), stream, step);
        return module.forward(input);
    }

    [Fact]
    public void What_is_kept_is_divided_by_the_kept_share_and_the_mean_stays()
    {
        using var scope = NewDisposeScope();
        using var dropout = new SimCLR.Core.Encoders.Dropout(0.25);
        var made = Trained(dropout, ones(100, 100));
        var dropped = made.eq(0).sum().ToInt64();
        // 10,000 numbers: 2,500 of a deviation of 43.
        Assert.InRange(dropped, 2285, 2715);
        Assert.True(made.masked_select(made.ne(0)).allclose(tensor(4 / 3f)));
        dropout.eval();
        Assert.True(Trained(dropout, ones(4, 4)).Equals(ones(4, 4)));
    }

    [Fact]
    public void A_branch_is_dropped_for_an_image_as_a_whole()
    {
        using var scope = NewDisposeScope();
        using var depth = new StochasticDepth(0.5);
        var made = Trained(depth, ones(200, 2, 3, 3)).flatten(1);
        Assert.True(made.eq(made.narrow(1, 0, 1)).all().ToBoolean());
        Assert.InRange(made.select(1, 0).eq(0).sum().ToInt64(), 65, 135);
        Assert.True(made.max().ToSingle() == 2);
    }

    [Fact]
    public void What_other_threads_draw_from_the_global_generator_changes_nothing()
    {
        using var scope = NewDisposeScope();
        using var own = new SimCLR.Core.Encoders.Dropout(0.5);
        var input = ones(64, 64);
        var expected = Trained(own, input, "a", 4);
        Assert.False(expected.Equals(Trained(own, input, "a", 5)));
        Assert.False(expected.Equals(Trained(own, input, "b", 4)));
        using var drawn = GlobalRandomness.At(new RandomStreams(3), "a", 4);
        var other = new Thread(() => rand(7).Dispose());
        other.Start();
        other.Join();
        Assert.True(expected.Equals(own.forward(input)));
    }

    [Fact]
    public void Two_threads_that_train_draw_each_from_its_own_step()
    {
        using var own = new SimCLR.Core.Encoders.Dropout(0.5);
        float[] Alone(long step)
        {
            using var scope = NewDisposeScope();
            return Trained(own, ones(1000), "a", step).data<float>().ToArray();
        }
        var expected = Enumerable.Range(0, 8).Select(step => Alone(step)).ToArray();
        var actual = new float[8][];
        var threads = Enumerable.Range(0, 8).Select(step => new Thread(() => actual[step] = Alone(step))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_probability_out_of_range_is_refused(double probability)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SimCLR.Core.Encoders.Dropout(probability));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StochasticDepth(probability));
    }
}
