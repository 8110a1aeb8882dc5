using SimCLR.Core.Distributed;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Tests.Evaluation;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

public class RankMeasurementTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. RankMeasurements.All.Keys];

    [Trait("group", "slow")]
    [Theory]
    [MemberData(nameof(Names))]
    public void Several_ranks_measure_what_one_process_measures(string name)
    {
        var expected = RankMeasurements.Figures(name, null);
        foreach (var size in (int[])[2, 3])
        {
            var deviations = new double[size];
            ThreadRanks.Run(
                size,
                ranks =>
                    deviations[ranks.Rank] = RankMeasurements.Deviation(expected, RankMeasurements.Figures(name, ranks))
            );
            output.WriteLine($"{name}, {size} ranks: {deviations.Max():g3}");
            // Accuracies are counts; the others are sums of 32 bits.
            Assert.InRange(deviations.Max(), 0, 1e-5);
        }
    }

    [Fact]
    public void Features_are_those_of_one_process_and_each_rank_computes_some()
    {
        using var tiny = RankMeasurements.Images();
        using var expected = tiny.Pretrained.Frozen().Train(tiny.Pretrained.Splits.Train);
        var computed = new long[2];
        ThreadRanks.Run(
            2,
            ranks =>
            {
                using var own = RankMeasurements.Images();
                using var scope = NewDisposeScope();
                var h = own
                    .Pretrained.On(ranks)
                    .Frozen()
                    .Extract(
                        own.Pretrained.Splits.Train,
                        (view, _) =>
                        {
                            computed[ranks.Rank] += view.shape[0];
                            return view;
                        }
                    );
                Assert.InRange((h - expected.H).abs().max().ToDouble(), 0, 1e-6);
            }
        );
        Assert.Equal([730, 500], computed);
    }

    /// <summary>All numbers of a classifier.</summary>
    private static double[] Numbers(ImageClassifier classifier)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return
        [
            .. classifier
                .state_dict()
                .OrderBy(named => named.Key)
                .SelectMany(named =>
                    named.Value.to_type(ScalarType.Float64).flatten().clone().data<double>().ToArray()
                ),
        ];
    }

    /// <summary>The classifier of a fine-tuning.</summary>
    private static double[] FineTuned(ICollective? ranks, int batch, List<string>? told = null)
    {
        using var tiny = RankMeasurements.Images();
        var settings = new ClassifierSettings(1, batch, _ => 0.02, 1e-4);
        var pretrained = tiny.Pretrained with { Warn = told is null ? null : told.Add };
        var trained = new FineTuning(0.5, 2, settings);
        using var classifier = ranks is null
            ? trained.Train(pretrained)
            : JointWork.Do(ranks, joint => trained.Train(pretrained.On(joint)));
        return Numbers(classifier);
    }

    [Theory]
    [InlineData(2, 30, false)]
    [InlineData(3, 30, false)]
    [InlineData(4, 30, true)]
    public void Fine_tuned_weights_and_statistics_are_those_of_one_process(int size, int batch, bool isTold)
    {
        var expected = FineTuned(null, batch);
        var told = new List<string>();
        ThreadRanks.Run(
            size,
            ranks =>
            {
                var actual = FineTuned(ranks, batch, ranks.Rank == 0 ? told : null);
                Assert.InRange(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-4);
            }
        );
        Assert.Equal(
            isTold,
            told.Any(text => text.Contains("a batch of 30 images cannot be shared evenly; a multiple of 4"))
        );
    }

    private sealed class Fails(int rank, Exception error) : IMeasurement
    {
        public IReadOnlyList<Figure> Measure(Pretrained pretrained)
        {
            pretrained.TestFeatures();
            if (pretrained.Ranks.Rank == rank)
                throw error;
            pretrained.TrainFeatures();
            return [];
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void What_fails_on_one_rank_fails_on_all_and_the_next_is_measured(int failing)
    {
        var figures = new double[3];
        ThreadRanks.Run(
            3,
            ranks =>
            {
                using var tiny = RankMeasurements.Images();
                var error = new InvalidDataException("here");
                var thrown = Assert.ThrowsAny<Exception>(() =>
                    JointWork.Do(ranks, joint => new Fails(failing, error).Measure(tiny.Pretrained.On(joint)))
                );
                if (ranks.Rank == failing)
                    Assert.Same(error, thrown);
                else
                    Assert.Contains(
                        $"failed on rank {failing} of 3",
                        Assert.IsType<DistributedException>(thrown).Message
                    );
                figures[ranks.Rank] = JointWork.Do(
                    ranks,
                    joint => new NeighbourEvaluation().Measure(tiny.Pretrained.On(joint))[0].Value
                );
            }
        );
        Assert.Equal(figures[0], figures[1]);
        Assert.Equal(figures[0], figures[2]);
    }

    [Fact]
    public void What_is_cancelled_on_one_rank_is_cancelled_on_all() =>
        ThreadRanks.Run(
            2,
            ranks =>
            {
                using var tiny = RankMeasurements.Images();
                using var source = new CancellationTokenSource();
                if (ranks.Rank == 1)
                    source.Cancel();
                var pretrained = tiny.Pretrained with { Cancellation = source.Token };
                Assert.ThrowsAny<OperationCanceledException>(() =>
                    JointWork.Do(ranks, joint => new LinearEvaluation().Measure(pretrained.On(joint)))
                );
                Assert.ThrowsAny<OperationCanceledException>(() =>
                    JointWork.Do(
                        ranks,
                        joint => new LinearSgd(new ClassifierSettings(1, 30, _ => 0.02)).Measure(pretrained.On(joint))
                    )
                );
            }
        );

    /// <summary>Of a fine-tuning rank 0 alone has the checkpoints.</summary>
    [Fact]
    public void A_fine_tuning_goes_on_on_another_number_of_ranks()
    {
        var expected = FineTuned(null, 30);
        using var folder = new TemporaryFolder();
        Go(2, stopsAt: 7);
        Go(1, stopsAt: null);

        void Go(int size, int? stopsAt) =>
            ThreadRanks.Run(
                size,
                ranks =>
                {
                    using var tiny = RankMeasurements.Images();
                    using var source = new CancellationTokenSource();
                    var pretrained = tiny.Pretrained with
                    {
                        Cancellation = source.Token,
                        Checkpointing =
                            ranks.Rank == 0
                                ? new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.FromHours(1))
                                : null,
                        Report = progress =>
                        {
                            if (progress.Step == stopsAt)
                                source.Cancel();
                        },
                    };
                    var measurement = new FineTuning(0.5, 2, new ClassifierSettings(1, 30, _ => 0.02, 1e-4));
                    if (stopsAt is not null)
                    {
                        Assert.Throws<TrainingInterruptedException>(() =>
                            JointWork.Do(ranks, joint => measurement.Train(pretrained.On(joint)))
                        );
                        return;
                    }
                    using var classifier = JointWork.Do(ranks, joint => measurement.Train(pretrained.On(joint)));
                    var actual = Numbers(classifier);
                    Assert.InRange(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-4);
                }
            );
    }
}
