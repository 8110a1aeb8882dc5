using SimCLR.Core.Methods;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Embeddings;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class FeatureQueueTests
{
    /// <summary>Rows whose direction tells their number: of an angle of that many degrees.</summary>
    private static Tensor Rows(params int[] numbers) =>
        tensor(
            [.. numbers.SelectMany(i => new[] { 2 * Math.Cos(i * Math.PI / 180), 2 * Math.Sin(i * Math.PI / 180) })],
            [numbers.Length, 2],
            ScalarType.Float32
        );

    private static int[] Numbers(FeatureQueue queue) =>
        [
            .. queue
                .Rows.select(1, 1)
                .atan2(queue.Rows.select(1, 0))
                .data<float>()
                .ToArray()
                .Select(angle => (int)Math.Round(angle * 180 / Math.PI)),
        ];

    private static FeatureQueue Queue(long size)
    {
        using var networks = Networks();
        return new FeatureQueue(Context(networks), size, 2);
    }

    [Fact]
    public void The_oldest_rows_are_overwritten_in_order_around_the_end()
    {
        using var scope = NewDisposeScope();
        using var queue = Queue(6);
        queue.Add(Rows(1, 2));
        queue.Add(Rows(3, 4));
        queue.Add(Rows(5, 6));
        Assert.Equal([1, 2, 3, 4, 5, 6], Numbers(queue));
        queue.Add(Rows(7, 8));
        Assert.Equal([7, 8, 3, 4, 5, 6], Numbers(queue));
        queue.Add(Rows(9, 10, 11, 12, 13));
        Assert.Equal([13, 8, 9, 10, 11, 12], Numbers(queue));
    }

    [Fact]
    public void Rows_are_normalized_from_the_beginning()
    {
        using var scope = NewDisposeScope();
        using var queue = Queue(6);
        queue.Add(Rows(1, 2));
        Assert.All(queue.Rows.norm(1).data<float>().ToArray(), length => Assert.Equal(1, length, 1e-6));
    }

    [Fact]
    public void A_queue_begins_the_same_for_the_same_seed()
    {
        using var first = Queue(6);
        using var second = Queue(6);
        Assert.True(first.Rows.equal(second.Rows).all().ToBoolean());
    }

    [Theory]
    [InlineData(10, 4, 100, "use a multiple of that, for example 8")]
    [InlineData(2, 4, 100, "use a multiple of that, for example 4")]
    [InlineData(104, 4, 100, "there are 100 training images")]
    public void A_queue_larger_than_the_data_or_no_multiple_of_the_batch_is_refused(
        long size,
        long perStep,
        long images,
        string message
    )
    {
        using var networks = Networks();
        var context = Context(networks) with { Images = images };
        var error = Assert.Throws<ArgumentException>(() => FeatureQueue.Check(size, perStep, context));
        Assert.Contains(message, error.Message);
    }
}
