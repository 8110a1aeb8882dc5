using SimCLR.Core.Distributed;
using SimCLR.Core.Encoders;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

public class SharedBatchNormTests
{
    /// <summary>Unequal numbers of rows, whose means lie far apart: the variance between the ranks is most of it.</summary>
    private static Tensor[] Shards(bool maps)
    {
        using var generator = new Generator(4, CPU);
        long[] counts = [2, 3, 5];
        return [.. counts.Select((count, i) => Draw(maps ? [count, 4, 3, 3] : [count, 4]) * (i + 1) + 10 * i)];

        Tensor Draw(long[] shape) => randn(shape, ScalarType.Float64, generator: generator);
    }

    private static BatchNorm Norm(ICollective ranks)
    {
        var norm = new BatchNorm(4) { Ranks = ranks };
        using (no_grad())
        {
            norm.weight!.copy_(tensor(new[] { 0.5, 1, -1.5, 2 }));
            norm.bias!.copy_(tensor(new[] { 0.1, 0, -0.3, 1 }));
        }
        return (BatchNorm)norm.to(ScalarType.Float64);
    }

    /// <summary>A function of the norm's output that is another for each row, and what comes of its gradient.</summary>
    private static Tensor[] Results(BatchNorm norm, Tensor rows, Tensor factors, bool rectify)
    {
        var x = rows.detach().clone().requires_grad_(true);
        var y = norm.forward(x);
        if (rectify)
            y = y.relu_();
        (y * factors).square().sum().backward();
        return [y.detach(), x.grad!, norm.weight!.grad!, norm.bias!.grad!, norm.running_mean!, norm.running_var!];
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void Ranks_with_unequal_numbers_of_rows_have_the_values_and_gradients_of_one_process(bool maps, bool rectify)
    {
        using var scope = NewDisposeScope();
        var shards = Shards(maps);
        using var generator = new Generator(6, CPU);
        Tensor[] factors = [.. shards.Select(shard => randn(shard.shape, ScalarType.Float64, generator: generator))];
        using var whole = Norm(Alone.Instance);
        var expected = Results(whole, cat(shards), cat(factors), rectify);

        var results = new Tensor[shards.Length][];
        ThreadRanks.Run(
            shards.Length,
            ranks =>
            {
                var norm = Norm(ranks);
                results[ranks.Rank] = Results(norm, shards[ranks.Rank], factors[ranks.Rank], rectify);
            }
        );
        Near(expected[0], cat([.. results.Select(result => result[0])]));
        Near(expected[1], cat([.. results.Select(result => result[1])]));
        // The gradients of the parameters are summed with all others.
        Near(expected[2], results.Select(result => result[2]).Aggregate((a, b) => a + b));
        Near(expected[3], results.Select(result => result[3]).Aggregate((a, b) => a + b));
        Assert.All(results, result => Near(expected[4], result[4]));
        Assert.All(results, result => Near(expected[5], result[5]));
    }

    private static void Near(Tensor expected, Tensor actual) =>
        Assert.InRange((expected - actual).abs().max().ToDouble(), 0, 1e-11);
}
