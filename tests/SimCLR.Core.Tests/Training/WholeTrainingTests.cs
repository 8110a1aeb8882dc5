using System.Runtime.CompilerServices;
using SimCLR.Core.Images;
using SimCLR.Core.Tests.Distributed;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>Trainings on whole images.</summary>
public class WholeTrainingTests
{
    private static ImageSet Images(TemporaryFolder folder, int count = 40)
    {
        var random = new Random(5);
        var files = Enumerable
            .Range(0, count)
            .Select(i => new LabelledFile(
                folder.WriteImage(
                    $"a/{i:D2}.png",
                    8 + 2 * random.Next(8),
                    8 + 2 * random.Next(8),
                    (_, _) => new Colour((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256))
                ),
                i % 2
            ))
            .ToList();
        var layout = new PixelLayout(3, 8, 8) { Whole = true };
        return new ShardFolder(folder.At("cache"), null, default).Open(files, ["a", "b"], layout, resize: true);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "feed")]
    private static extern ref IImageFeed? Feed(Pretraining training);

    [Fact]
    public void Several_ranks_come_to_what_one_process_comes_to()
    {
        using var folder = new TemporaryFolder();
        using var images = Images(folder);
        var spec = RankEquality.Spec("NT-Xent");
        var expected = RankEquality.Trained(spec, images, null, 6);
        var deviations = new double[2];
        ThreadRanks.Run(
            2,
            ranks =>
                deviations[ranks.Rank] = RankEquality.Deviation(expected, RankEquality.Trained(spec, images, ranks, 6))
        );
        Assert.InRange(deviations.Max(), 0, 1e-12);
    }

    [Fact]
    public void It_goes_on_after_an_interruption_as_if_there_had_been_none()
    {
        using var folder = new TemporaryFolder();
        using var images = Images(folder);
        using var whole = new Pretraining(Small.Spec(), images, CPU);
        whole.Run();
        var checkpoints = new Checkpointing(new CheckpointFolder(folder.At("checkpoints")), TimeSpan.Zero);
        using var ending = new CancellationTokenSource();
        using (var first = new Pretraining(Small.Spec(), images, CPU))
            Assert.Throws<TrainingInterruptedException>(() =>
                first.Run(
                    progress =>
                    {
                        if (progress.Step == 3)
                            ending.Cancel();
                    },
                    ending.Token,
                    checkpoints
                )
            );
        using var second = new Pretraining(Small.Spec(), images, CPU);
        second.Run(checkpointing: checkpoints);
        Assert.Equal(Small.Bytes(whole), Small.Bytes(second));
    }

    [Fact]
    public void A_step_leaves_the_live_tensor_count_unchanged()
    {
        using var folder = new TemporaryFolder();
        using var images = Images(folder);
        var spec = Small.Spec() with { Epochs = 30, MicroBatches = new MicroBatches(8) };
        using var training = new Pretraining(spec, images, CPU);
        void Steps(int count)
        {
            for (var step = 0; step < count; step++)
                training.TrainStep().Dispose();
            // Until the feed has read as many batches ahead as it may: it holds equally many tensors then.
            var feed = Assert.IsType<PrefetchFeed>(Feed(training));
            var read = SpinWait.SpinUntil(
                () => feed.BatchesRead == training.Step + PrefetchFeed.Ahead,
                TimeSpan.FromSeconds(60)
            );
            Assert.True(read, $"{feed.BatchesRead} batches were read at step {training.Step}");
        }
        Steps(5);
        using var left = new LeftTensors();
        Steps(20);
        Assert.Equal(0, left.Count);
    }

    [Fact]
    public void A_view_without_a_crop_is_refused_before_training()
    {
        using var folder = new TemporaryFolder();
        using var images = Images(folder);
        var spec = Small.Spec() with { ViewB = new Resize(16) };
        Assert.Contains(
            "begin with a random crop",
            Assert.Throws<ArgumentException>(() => new Pretraining(spec, images, CPU)).Message
        );
    }
}
