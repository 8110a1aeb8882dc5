using System.Diagnostics;
using SimCLR.Core.Encoders;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

public class CheckpointFolderTests
{
    private static readonly TimeSpan Always = TimeSpan.Zero;

    private static Checkpoint Made(long step, float value = 1) =>
        new(
            step,
            new Dictionary<string, Tensor> { ["w"] = tensor(new[] { value, 2, 3 }) },
            new Dictionary<string, string> { ["note"] = $"{step}" }
        );

    private static void Save(CheckpointFolder folder, params long[] steps)
    {
        foreach (var step in steps)
        {
            using var checkpoint = Made(step, step);
            Assert.True(folder.Save(checkpoint));
        }
    }

    [Fact]
    public void The_newest_comes_back_whole_and_the_last_two_are_kept()
    {
        using var temporary = new TemporaryFolder();
        var folder = new CheckpointFolder(temporary.Root);
        Save(folder, 5, 10, 200);
        Assert.Equal(2, Directory.GetFiles(temporary.Root).Length);
        using var newest = folder.Newest()!;
        Assert.Equal(200, newest.Step);
        Assert.Equal("200", newest.Notes["note"]);
        Assert.Equal([200f, 2f, 3f], newest.Tensors["w"].data<float>().ToArray());
    }

    [Fact]
    public void Nothing_saved_is_nothing_found()
    {
        using var temporary = new TemporaryFolder();
        Assert.Null(new CheckpointFolder(Path.Combine(temporary.Root, "none")).Newest());
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("empty")]
    public void A_damaged_one_is_told_of_and_the_one_before_it_used(string damage)
    {
        using var temporary = new TemporaryFolder();
        var warnings = new List<string>();
        var folder = new CheckpointFolder(temporary.Root, warnings.Add);
        Save(folder, 1, 2);
        var newest = Directory.GetFiles(temporary.Root).Order().Last();
        var bytes = File.ReadAllBytes(newest);
        bytes[^1] ^= 1;
        File.WriteAllBytes(
            newest,
            damage == "flip" ? bytes
                : damage == "cut" ? bytes[..^4]
                : []
        );
        using var used = folder.Newest()!;
        Assert.Equal(1, used.Step);
        Assert.Contains(newest, Assert.Single(warnings));
        Assert.True(File.Exists(newest + ".damaged"));
    }

    [Fact]
    public void Deleting_leaves_what_others_put_there()
    {
        using var temporary = new TemporaryFolder();
        var path = Path.Combine(temporary.Root, "checkpoint");
        var folder = new CheckpointFolder(path);
        Save(folder, 1);
        File.WriteAllText(Path.Combine(path, "left.tmp"), "");
        folder.Delete();
        Assert.False(Directory.Exists(path));
        Save(folder, 1);
        File.WriteAllText(Path.Combine(path, "notes.txt"), "mine");
        folder.Delete();
        Assert.Equal(["notes.txt"], Directory.GetFiles(path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("/proc/self/mem")] // opens, and fails as soon as it is read, as a broken disk does
    [InlineData("itself")] // does not open
    public void One_that_cannot_be_read_is_an_error_that_names_it_and_stays_as_it_is(string target)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "links into /proc are Linux's");
        using var temporary = new TemporaryFolder();
        var folder = new CheckpointFolder(temporary.Root, Assert.Fail);
        Save(folder, 1);
        var newest = temporary.At($"step-000000002-{new string('0', 32)}.safetensors");
        File.CreateSymbolicLink(newest, target == "itself" ? newest : target);
        var error = Assert.Throws<IOException>(folder.Newest);
        Assert.Contains($"The checkpoint {newest} cannot be read: ", error.Message);
        Assert.Equal(2, Directory.GetFiles(temporary.Root).Length);
        Assert.Contains(newest, Directory.GetFiles(temporary.Root));
    }

    [Fact]
    public void Folders_below_keep_theirs_apart_and_are_deleted_with_it()
    {
        using var temporary = new TemporaryFolder();
        var folder = new CheckpointFolder(temporary.At("checkpoint"));
        Save(folder, 1);
        Save(folder.In("teacher"), 2);
        Save(folder.In("setting 1").In("transfer"), 3);
        Assert.Equal([1, 2, 3], Steps(folder, folder.In("teacher"), folder.In("setting 1").In("transfer")));
        File.WriteAllText(temporary.At("checkpoint", "teacher", "notes.txt"), "mine");
        folder.Delete();
        Assert.Equal(
            [temporary.At("checkpoint", "teacher", "notes.txt")],
            Directory.GetFiles(temporary.Root, "*", SearchOption.AllDirectories)
        );

        static IEnumerable<long> Steps(params CheckpointFolder[] folders)
        {
            foreach (var each in folders)
            {
                using var newest = each.Newest()!;
                yield return newest.Step;
            }
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_told_of_and_nothing_stops()
    {
        using var temporary = new TemporaryFolder();
        var file = Path.Combine(temporary.Root, "file");
        File.WriteAllText(file, "");
        var warnings = new List<string>();
        using var checkpoint = Made(7);
        Assert.False(new CheckpointFolder(Path.Combine(file, "below"), warnings.Add).Save(checkpoint));
        Assert.Contains("No checkpoint at step 7", Assert.Single(warnings));
    }

    public static TheoryData<string> Optimizers => ["sgd", "lars", "adam"];

    private static PretrainingSpec With(string optimizer) =>
        Spec() with
        {
            Optimizer = optimizer switch
            {
                "lars" => new LarsSpec(),
                "adam" => new AdamSpec(WeightDecay: 1e-3),
                _ => new SgdSpec(Nesterov: true),
            },
            Encoder = new ResNetSpec(18, 0.0625),
            WarmupEpochs = 1,
        };

    private static (TrainingResult Result, Dictionary<string, string> Bytes) Uninterrupted(PretrainingSpec spec)
    {
        using var images = Noise();
        using var training = new Pretraining(spec, images, CPU);
        return (training.Run(), Bytes(training));
    }

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void A_run_stopped_after_every_step_and_taken_up_ends_bit_for_bit_as_one_that_was_not(string optimizer)
    {
        var spec = With(optimizer);
        var (expected, bytes) = Uninterrupted(spec);
        using var temporary = new TemporaryFolder();
        using var images = Noise();
        for (var stop = 1; ; stop++)
        {
            using var training = new Pretraining(spec, images, CPU);
            using var source = new CancellationTokenSource();
            var from = -1L;
            var checkpointing = new Checkpointing(new CheckpointFolder(temporary.Root), Always, step => from = step);
            TrainingResult result;
            try
            {
                result = training.Run(
                    progress =>
                    {
                        if (progress.Step == stop)
                            source.Cancel();
                    },
                    source.Token,
                    checkpointing
                );
            }
            catch (TrainingInterruptedException interrupted)
            {
                Assert.Equal(stop, interrupted.Checkpoint);
                Assert.Equal(stop, training.Step);
                Assert.Equal(stop == 1 ? -1 : stop - 1, from);
                continue;
            }
            Assert.Equal(bytes, Bytes(training));
            Assert.Equal(expected.Loss, result.Loss);
            Assert.Equal(expected.Figures, result.Figures);
            Assert.Equal(
                expected.Progress.SelectMany(p => p.Figures.Append(new Figure("rate", p.LearningRate))),
                result.Progress.SelectMany(p => p.Figures.Append(new Figure("rate", p.LearningRate)))
            );
            break;
        }
    }

    [Fact]
    public void The_time_of_a_run_that_was_taken_up_is_that_of_both_parts()
    {
        var pause = TimeSpan.FromMilliseconds(20);
        using var temporary = new TemporaryFolder();
        using var images = Noise();
        var clock = Stopwatch.StartNew();
        using (var first = new Pretraining(Spec(), images, CPU))
            Assert.Throws<TrainingInterruptedException>(() => Run(first, 6));
        var between = clock.Elapsed;
        Thread.Sleep(300);
        clock.Restart();
        using var second = new Pretraining(Spec(), images, CPU);
        var result = Run(second, long.MaxValue);
        Assert.InRange(result.Seconds, 12 * pause.TotalSeconds, (between + clock.Elapsed).TotalSeconds);
        Assert.Equal(12 * 16 / result.Seconds, result.ImagesPerSecond, 6);

        TrainingResult Run(Pretraining training, long stop)
        {
            using var stopping = new CancellationTokenSource();
            return training.Run(
                progress =>
                {
                    Thread.Sleep(pause);
                    if (progress.Step == stop)
                        stopping.Cancel();
                },
                stopping.Token,
                new Checkpointing(new CheckpointFolder(temporary.Root), Always)
            );
        }
    }

    [Fact]
    public void A_checkpoint_of_another_model_is_refused_and_nothing_changed()
    {
        using var temporary = new TemporaryFolder();
        using var images = Noise();
        var checkpointing = new Checkpointing(new CheckpointFolder(temporary.Root), Always);
        using (var first = new Pretraining(Spec(), images, CPU))
            first.Run(checkpointing: checkpointing);
        using var other = new Pretraining(Spec() with { Encoder = new SmallConvSpec([8, 24]) }, images, CPU);
        var before = Bytes(other);
        var error = Assert.Throws<CheckpointMisfitException>(() => other.Run(checkpointing: checkpointing));
        Assert.Contains($"Delete the folder {temporary.Root} to start anew", error.Message);
        Assert.Equal(before, Bytes(other));
    }

    [Fact]
    public void What_a_killed_writer_left_goes_when_the_training_is_taken_up()
    {
        using var temporary = new TemporaryFolder();
        var left = Path.Combine(temporary.Root, "0123.tmp");
        File.WriteAllText(left, "half a checkpoint");
        Assert.Null(new CheckpointFolder(temporary.Root).NewestStep);
        Assert.True(File.Exists(left));
        Assert.Null(new CheckpointFolder(temporary.Root).Newest());
        Assert.False(File.Exists(left));
    }
}
