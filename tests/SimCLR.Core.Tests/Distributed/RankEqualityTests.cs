using SimCLR.Core.Distributed;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Tests.Training;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

public class RankEqualityTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. RankEquality.Names];

    /// <summary>How far the ranks come from one process.</summary>
    /// <param name="spec">The training.</param>
    /// <param name="size">How many ranks.</param>
    /// <param name="steps">Its first steps.</param>
    /// <param name="fault">What is wrong with the ranks.</param>
    private static double Deviation(
        PretrainingSpec spec,
        int size,
        int steps = RankEquality.Steps,
        Func<ICollective, ICollective>? fault = null
    )
    {
        var expected = RankEquality.Trained(spec, null, steps);
        var deviations = new double[size];
        ThreadRanks.Run(
            size,
            ranks =>
                deviations[ranks.Rank] = RankEquality.Deviation(
                    expected,
                    RankEquality.Trained(spec, fault?.Invoke(ranks) ?? ranks, steps)
                )
        );
        return deviations.Max();
    }

    [Trait("group", "slow")]
    [Theory]
    [MemberData(nameof(Names))]
    public void Several_ranks_come_to_what_one_process_comes_to(string name)
    {
        foreach (
            var (size, parts, groups, steps) in ((int, MicroBatches?, int, int)[])
                [(2, null, 6, 20), (3, new MicroBatches(6), 3, 6)]
        )
        {
            var deviation = Deviation(RankEquality.Spec(name, parts, groups), size, steps);
            output.WriteLine($"{name}, {size} ranks, {parts}: {deviation:g3}");
            Assert.InRange(deviation, 0, 1e-12);
        }
    }

    [Trait("group", "slow")]
    [Fact]
    public void Four_ranks_and_numbers_of_32_bits_are_equal_too()
    {
        Assert.InRange(Deviation(RankEquality.Spec("NT-Xent"), 4), 0, 1e-12);
        var single = RankEquality.Spec("NT-Xent") with { Type = ScalarType.Float32 };
        var deviation = Deviation(single, 2);
        output.WriteLine($"float32: {deviation:g3}");
        Assert.InRange(deviation, 1e-12, 1e-5);
    }

    [Fact]
    public void Batch_norm_in_groups_is_the_same_on_any_number_of_ranks_that_shares_them()
    {
        var local = RankEquality.Spec("NT-Xent") with { NormGroups = 2 };
        Assert.InRange(Deviation(local, 2), 0, 1e-12);
        const string weights = "encoder.stages.0.weight";
        var together = RankEquality.Trained(RankEquality.Spec("NT-Xent"), null)[weights];
        var apart = RankEquality.Trained(local, null)[weights];
        Assert.InRange(together.Zip(apart, (a, b) => Math.Abs(a - b)).Max(), 1e-6, 10);
    }

    [Theory]
    [InlineData(5, null, 1, "BatchSize is 12, which 5 ranks cannot share evenly; use a multiple of 5, for example 10")]
    [InlineData(4, 6, 1, "MicroBatches.Size is 6 of a batch of 12, which 4 ranks cannot share evenly")]
    [InlineData(3, null, 4, "Batch norm sees 4 groups of 12 images, which 3 ranks cannot share evenly")]
    public void Uneven_shares_are_refused_with_a_remedy(int size, int? part, int groups, string message)
    {
        var spec = RankEquality.Spec("NT-Xent", part is { } images ? new MicroBatches(images) : null) with
        {
            NormGroups = groups,
        };
        var error = Assert.Throws<ArgumentException>(() =>
            ThreadRanks.Run(size, ranks => RankEquality.Trained(spec, ranks, 1))
        );
        Assert.Contains(message, error.Message);
    }

    [Trait("group", "slow")]
    [Theory]
    [InlineData(2, 1)]
    [InlineData(1, 3)]
    public void A_training_goes_on_on_another_number_of_ranks(int first, int then)
    {
        var spec = RankEquality.Spec("SwAV");
        using var images = Small.Noise(side: 8);
        using var whole = new Pretraining(spec, images, CPU);
        whole.Run();
        var expected = RankEquality.Numbers(whole);
        using var folder = new TemporaryFolder();
        Go(first, 7);
        Assert.Single(Directory.GetFiles(folder.Root));
        Go(then, null);

        // Rank 0 alone has the folder; one rank is asked to stop, and all do.
        void Go(int size, int? stop) =>
            ThreadRanks.Run(
                size,
                ranks =>
                {
                    using var own = Small.Noise(side: 8);
                    using var training = new Pretraining(spec, own, CPU, ranks: ranks);
                    using var source = new CancellationTokenSource();
                    var checkpointing =
                        ranks.Rank == 0
                            ? new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.FromHours(1))
                            : null;
                    void Report(TrainingProgress progress)
                    {
                        if (progress.Step == stop && ranks.Rank == ranks.Size - 1)
                            source.Cancel();
                    }
                    if (stop is not null)
                    {
                        Assert.Throws<TrainingInterruptedException>(() =>
                            training.Run(Report, source.Token, checkpointing)
                        );
                        return;
                    }
                    training.Run(Report, source.Token, checkpointing);
                    Assert.InRange(RankEquality.Deviation(expected, RankEquality.Numbers(training)), 0, 1e-12);
                }
            );
    }

    [Fact]
    public void Mistakes_of_the_exchange_are_seen()
    {
        var faults = new Dictionary<string, Func<ICollective, ICollective>>
        {
            ["gradients are averaged"] = ranks => new FaultyRanks(ranks) { AveragesGradients = true },
            ["gradients stay on their rank"] = ranks => new FaultyRanks(ranks) { KeepsGradients = true },
            ["batch statistics are each rank's own"] = ranks => new FaultyRanks(ranks) { KeepsStatistics = true },
            ["the variance forgets that means differ"] = ranks => new FaultyRanks(ranks) { ForgetsMeans = true },
            ["batch norm's way back is each rank's own"] = ranks => new FaultyRanks(ranks)
            {
                KeepsNormGradients = true,
            },
            ["a rank's embeddings stand for all"] = ranks => new FaultyRanks(ranks) { KeepsRows = true },
            ["rows come in another order"] = ranks => new FaultyRanks(ranks) { Interleaves = true },
        };
        foreach (var (mistake, fault) in faults)
        {
            var deviation = Deviation(RankEquality.Spec("NT-Xent"), 2, 3, fault);
            output.WriteLine($"{mistake}: {deviation:g3}");
            Assert.InRange(deviation, 1e-9, double.PositiveInfinity);
        }
    }
}
