using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Tests.Training;
using SimCLR.Core.Training;
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
                folder.WriteImage(
                    $"c/{i:D3}.png",
                    16,
                    16,
                    (_, _) => new Colour((byte)random.Next(), (byte)random.Next(), (byte)random.Next())
                ),
                i % 2
            ))
            .ToList();
        string[] classes = ["a", "b"];
        return (
            new ShardFolder(folder.At("cache"), null, default).Open(files, classes, new PixelLayout(3, 16, 16), true),
            new FolderReader(new PixelLayout(3, 16, 16), true, null, default).Read(files, classes)
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
        using (var prefetch = new PrefetchFeed(streamed, Order(streamed), CPU, 20))
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

    /// <summary>Whether the first batch is as it was once all that can be read ahead of it has been.</summary>
    private static bool KeepsABatchInUse(int buffers)
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        using (streamed)
        using (inMemory)
        using (var feed = new PrefetchFeed(streamed, Order(streamed), CPU, 20, null, buffers))
        using (var memory = new MemoryFeed(inMemory, Order(inMemory), CPU))
        {
            using var used = feed.Batch(0);
            using var expected = memory.Batch(0);
            var read = SpinWait.SpinUntil(() => feed.BatchesRead == 1 + PrefetchFeed.Ahead, TimeSpan.FromSeconds(20));
            Assert.True(read, $"{feed.BatchesRead} batches were read");
            return used.Images.bytes.SequenceEqual(expected.Images.bytes);
        }
    }

    [Fact]
    public void A_batch_in_use_is_not_overwritten_with_as_many_buffers_as_there_are_and_would_be_with_one_fewer()
    {
        Assert.True(KeepsABatchInUse(PrefetchFeed.Ahead + 1));
        Assert.False(KeepsABatchInUse(PrefetchFeed.Ahead));
    }

    [Fact]
    public void Batches_lie_in_the_same_few_buffers_in_turn()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        inMemory.Dispose();
        using (streamed)
        using (var feed = new PrefetchFeed(streamed, Order(streamed), CPU, 20))
        {
            var places = new List<nint>();
            for (var step = 0; step < 20; step++)
            {
                using var batch = feed.Batch(step);
                places.Add(Address(batch.Images));
            }
            var ring = PrefetchFeed.Ahead + 1;
            Assert.Equal(ring, places.Distinct().Count());
            for (var step = ring; step < 20; step++)
                Assert.Equal(places[step - ring], places[step]);
            Assert.Equal(ring * 16 * 3 * 16 * 16, feed.BufferBytes);
        }
    }

    private static unsafe nint Address(Tensor tensor)
    {
        using var first = tensor[0];
        fixed (byte* memory = first.bytes)
            return (nint)memory;
    }

    [Fact]
    public void Images_in_memory_come_in_the_same_batches()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        using (streamed)
        using (inMemory)
        using (var every = arange(inMemory.Count))
        using (var chosen = inMemory.Select(every.flip(0)))
        using (var prefetch = new PrefetchFeed(chosen, Order(chosen), CPU, 20))
        using (var memory = new MemoryFeed(chosen, Order(chosen), CPU))
            for (var step = 0; step < 8; step++)
            {
                using var scope = NewDisposeScope();
                Assert.Equal(memory.Batch(step).Images.bytes.ToArray(), prefetch.Batch(step).Images.bytes.ToArray());
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
        using (var feed = new PrefetchFeed(streamed, Order(streamed), CPU, 20))
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

    /// <summary>Cuts the one shard so that this image and all behind it are gone.</summary>
    private static void Cut(TemporaryFolder folder, long image)
    {
        var shard = Path.Combine(folder.At("cache"), "shard-00000.u8");
        using var file = new FileStream(shard, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(image * 3 * 16 * 16);
    }

    /// <summary>The first step, of one image each, whose next three read images before that of the one after: that one alone fails once the
    /// shard is cut at its image.</summary>
    private static (long First, long Image) BeforeAFailure(BatchOrder order)
    {
        for (var first = 0L; ; first++)
        {
            var images = Enumerable.Range(0, 5).Select(ahead => order.Epoch(0)[first + ahead].ToInt64()).ToList();
            if (images[4] > images[..4].Max())
                return (first, images[4]);
        }
    }

    [Fact]
    public async Task An_error_that_nobody_waits_for_keeps_nobody_waiting()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        inMemory.Dispose();
        using (streamed)
        {
            var order = new BatchOrder(new RandomStreams(4), streamed.Count, 1);
            var (first, image) = BeforeAFailure(order);
            Cut(folder, image);
            var feed = new PrefetchFeed(streamed, order, CPU, streamed.Count);
            var (images, labels) = feed.Batch(first);
            images.Dispose();
            labels.Dispose();
            // The three batches that follow are ready, and reading the next one has failed.
            await Task.Delay(300);
            await Task.Run(feed.Dispose).WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    [Fact]
    public void Nothing_is_read_beyond_the_last_step()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        inMemory.Dispose();
        using (streamed)
        {
            var order = new BatchOrder(new RandomStreams(4), streamed.Count, 1);
            var (first, image) = BeforeAFailure(order);
            Cut(folder, image);
            using var feed = new PrefetchFeed(streamed, order, CPU, first + 4);
            for (var step = first; step < first + 4; step++)
            {
                var (images, labels) = feed.Batch(step);
                images.Dispose();
                labels.Dispose();
            }
            var error = Assert.Throws<InvalidOperationException>(() => feed.Batch(first + 4));
            Assert.Contains($"there are {first + 4} steps", error.Message);
        }
    }

    [Fact]
    public void Labels_of_the_trainers_choice_come_with_the_images()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        using (streamed)
        using (inMemory)
        using (var scope = NewDisposeScope())
        {
            var targets = stack([arange(70), -arange(70)], 1);
            using var prefetch = ImageFeed.Of(streamed, Order(streamed), CPU, 20, targets);
            using var memory = ImageFeed.Of(inMemory, Order(inMemory), CPU, 20, targets);
            Assert.IsType<PrefetchFeed>(prefetch);
            Assert.IsType<MemoryFeed>(memory);
            using var order = Order(streamed);
            foreach (var feed in new[] { prefetch, memory })
                Assert.Equal(
                    targets.index_select(0, order.At(5)).data<long>().ToArray(),
                    feed.Batch(5).Labels.data<long>().ToArray()
                );
        }
    }

    [Fact]
    public void In_memory_on_the_CPU_images_are_not_copied()
    {
        using var scope = NewDisposeScope();
        using var images = Small.Noise();
        using var feed = new MemoryFeed(images, Order(images), CPU);
        images.Images.fill_(7);
        Assert.True(feed.Batch(0).Images.eq(7).all().ToBoolean());
        // And the feed has no need of the set.
        images.Dispose();
        Assert.Equal([16, 3, 16, 16], feed.Batch(1).Images.shape);
    }

    [Fact]
    public void Steps_out_of_order_are_refused()
    {
        using var folder = new TemporaryFolder();
        var (streamed, inMemory) = Sets(folder);
        inMemory.Dispose();
        using (streamed)
        using (var feed = new PrefetchFeed(streamed, Order(streamed), CPU, 20))
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
                using var feed = new PrefetchFeed(streamed, Order(streamed), CPU, 20);
                var (images, labels) = feed.Batch(0);
                images.Dispose();
                labels.Dispose();
            }
            Once();
            using var left = new LeftTensors();
            Once();
            Assert.Equal(0, left.Count);
        }
    }
}
