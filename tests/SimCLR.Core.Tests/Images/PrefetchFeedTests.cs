using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Training;
using SimCLR.Core.Training;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Images;

public class PrefetchFeedTests
{
    private static (ImageSet Streamed, ImageSet InMemory) Sets(TemporaryFolder folder, int count = 70)
    {
        var random = new Random(1);
        var files = Enumerable
            .Range(0, count)
            .Select(i => new LabelledFile(
                folder.WriteImage($"c/{i:D3}.png", 16, 16, (_, _) => new SKColor((uint)random.Next() | 0xff000000)),
                i % 2
            ))
            .ToList();
        string[] classes = ["a", "b"];
        return (
            new ShardFolder(folder.At("cache"), null, default).Open(files, classes, 16, 16, true),
            new FolderReader(16, 16, true, null, default).Read(files, classes)
        );
    }

    private static BatchOrder Order(ImageSet images) => new(new RandomStreams(4), images.Count, 16);

    [Theory]
    [InlineData(0)]
    [InlineData(6)] // in the second epoch: a resumed run
    public void Its_batches_are_those_of_memory_from_any_step_on(long first)
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        using (streamed)
        using (inMemory)
        using (var prefetch = new PrefetchFeed(streamed, Order(streamed), CPU))
        using (var memory = new MemoryFeed(inMemory, Order(inMemory), CPU))
            for (var step = first; step < first + 10; step++)
            {
                using var scope = NewDisposeScope();
                var (expected, expectedLabels) = memory.Batch(step);
                var (actual, actualLabels) = prefetch.Batch(step);
                Assert.Equal(expected.bytes.ToArray(), actual.bytes.ToArray());
                Assert.Equal(expectedLabels.data<long>().ToArray(), actualLabels.data<long>().ToArray());
            }
    }

    [Fact]
    public void Training_on_it_is_bit_for_bit_training_in_memory()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        using (streamed)
        using (inMemory)
        {
            using var fromDisk = new Pretraining(Small.Spec(), streamed, CPU);
            using var fromMemory = new Pretraining(Small.Spec(), inMemory, CPU);
            Assert.Equal(fromMemory.Run().Loss, fromDisk.Run().Loss);
            Assert.Equal(Small.Bytes(fromMemory), Small.Bytes(fromDisk));
        }
    }

    [Fact]
    public void A_shard_that_is_cut_while_training_is_named()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        inMemory.Dispose();
        using (streamed)
        using (var feed = new PrefetchFeed(streamed, Order(streamed), CPU))
        {
            var shard = Path.Combine(folder.At("cache"), "shard-00000.u8");
            using (var file = new FileStream(shard, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                file.SetLength(10);
            var error = Assert.Throws<ImageSourceException>(() =>
            {
                for (var step = 0L; step < 8; step++)
                {
                    var (images, labels) = feed.Batch(step);
                    images.Dispose();
                    labels.Dispose();
                }
            });
            Assert.Contains("shard-00000.u8", error.Message);
        }
    }

    [Fact]
    public void Steps_out_of_order_are_refused()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        inMemory.Dispose();
        using (streamed)
        using (var feed = new PrefetchFeed(streamed, Order(streamed), CPU))
        using (NewDisposeScope())
        {
            feed.Batch(3);
            Assert.Contains(
                "steps come in order",
                Assert.Throws<InvalidOperationException>(() => feed.Batch(5)).Message
            );
        }
    }

    [Fact]
    public void Disposing_ends_the_thread_and_frees_what_was_read()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        inMemory.Dispose();
        using (streamed)
        {
            void Once()
            {
                using var feed = new PrefetchFeed(streamed, Order(streamed), CPU);
                var (images, labels) = feed.Batch(0);
                images.Dispose();
                labels.Dispose();
            }
            Once();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var before = Tensor.TotalCount;
            Once();
            Assert.Equal(before, Tensor.TotalCount);
        }
    }
}
