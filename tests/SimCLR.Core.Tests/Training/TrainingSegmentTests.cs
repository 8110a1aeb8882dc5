using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

public class TrainingSegmentTests
{
    /// <summary>Trains ten steps further, in an object of its own; the last part of 40 steps ends it.</summary>
    private static TrainingResult? Go(
        TemporaryFolder folder,
        List<string> warnings,
        Precision precision = Precision.Float32,
        string commit = "abc",
        double wattHours = 0
    )
    {
        using var source = new CancellationTokenSource();
        using var trainee = new Counter(
            40,
            step =>
            {
                if (step % 10 == 0)
                    source.Cancel();
                return step;
            }
        )
        {
            Precision = precision,
        };
        var checkpointing = new Checkpointing(
            new CheckpointFolder(folder.Root),
            TimeSpan.FromHours(1),
            Warn: warnings.Add
        )
        {
            Setting = new Dictionary<string, string> { ["commit"] = commit },
            WattHours = () => wattHours,
        };
        try
        {
            return TrainingLoop.Train(trainee, null, source.Token, checkpointing);
        }
        catch (TrainingInterruptedException)
        {
            return null;
        }
    }

    [Fact]
    public void Under_the_same_setting_there_is_one_that_names_it()
    {
        using var folder = new TemporaryFolder();
        var warnings = new List<string>();
        for (var part = 0; part < 3; part++)
            Assert.Null(Go(folder, warnings));
        var segment = Go(folder, warnings)!.Segments.Single();
        Assert.Empty(warnings);
        Assert.Equal(0, segment.FromStep);
        Assert.Equal(
            ["commit", "deterministic", "device", "libtorch", "precision", "ranks", "threads"],
            segment.Setting.Keys.Order()
        );
        Assert.Equal("abc", segment.Setting["commit"]);
        Assert.Equal("no", segment.Setting["deterministic"]);
        Assert.Equal($"cpu, {Processor.Name}", segment.Setting["device"]);
        Assert.Equal("Float32", segment.Setting["precision"]);
        Assert.Equal($"{get_num_threads()}", segment.Setting["threads"]);
        Assert.Matches(@"^\d+\.\d+", segment.Setting["libtorch"]);
    }

    [Fact]
    public void What_changes_the_last_bits_is_told_and_begins_a_new_one()
    {
        using var folder = new TemporaryFolder();
        var warnings = new List<string>();
        var threads = get_num_threads();
        try
        {
            set_num_threads(2);
            Go(folder, warnings);
            set_num_threads(1);
            Go(folder, warnings, Precision.BFloat16);
            Assert.Equal(
                "counting goes on from step 10 under other conditions: precision was Float32 and is BFloat16; threads was 2 and is 1. "
                    + "What it comes to is not bit for bit what it would be without the interruption.",
                warnings.Single()
            );
            using (DeterministicAlgorithms.Require())
                Go(folder, warnings, Precision.BFloat16);
            if (DeterministicAlgorithms.IsAvailable)
                Assert.Contains("from step 20 under other conditions: deterministic was no and is yes.", warnings[1]);
            var result = Go(folder, warnings)!;
            Assert.Equal([0, 10, 20, 30], result.Segments.Select(segment => segment.FromStep));
            Assert.Equal(["2", "1", "1", "1"], result.Segments.Select(segment => segment.Setting["threads"]));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void The_energy_of_all_processes_is_kept()
    {
        using var folder = new TemporaryFolder();
        var warnings = new List<string>();
        Assert.Null(Go(folder, warnings, wattHours: 1));
        Assert.Null(Go(folder, warnings, wattHours: 2));
        Assert.Null(Go(folder, warnings, wattHours: 4));
        Assert.Equal(7, Go(folder, warnings, wattHours: 8)!.EarlierWattHours);
    }

    [Fact]
    public void What_the_caller_records_begins_a_new_one_and_is_not_told()
    {
        using var folder = new TemporaryFolder();
        var warnings = new List<string>();
        string[] commits = ["abc", "abc", "def", "def"];
        var result = commits.Select(commit => Go(folder, warnings, commit: commit)).ToList()[^1]!;
        Assert.Empty(warnings);
        Assert.Equal(
            [(0L, "abc"), (20L, "def")],
            result.Segments.Select(segment => (segment.FromStep, segment.Setting["commit"]))
        );
    }
}
