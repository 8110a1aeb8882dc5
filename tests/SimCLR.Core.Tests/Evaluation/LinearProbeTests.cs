using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class LinearProbeTests
{
    private static Generator Numbers(long seed = 0) => new RandomStreams(seed).At("test", 0);

    private static (Tensor X, Tensor Labels) Blobs(long count, int classes, double distance, Generator generator)
    {
        var labels = arange(count) % classes;
        var centres = randn(classes, 5, generator: new Generator(3)) * distance;
        return (centres.index_select(0, labels) + randn(count, 5, generator: generator), labels);
    }

    [Fact]
    public void Badly_scaled_features_are_solved_too()
    {
        using var scope = NewDisposeScope();
        using var generator = Numbers();
        var (x, labels) = Blobs(600, 3, 4, generator);
        var scaled = x * tensor(new float[] { 1e-4f, 1e-2f, 1, 1e2f, 1e4f });
        using var train = new TrainFeatures(scaled, labels, 3);
        Assert.InRange(LinearProbe.Fit(train, 1e-4).Top1(train), 0.95, 1);
    }

    [Fact]
    public void The_strength_is_chosen_without_the_test_split()
    {
        // Labels of the test split are replaced by noise: choice and validation accuracy must not move.
        using var scope = NewDisposeScope();
        using var generator = Numbers();
        var (x, labels) = Blobs(200, 4, 1, generator);
        var train = new TrainFeatures(x, labels, 4);
        var (testX, testLabels) = Blobs(100, 4, 1, generator);
        var results = new[] { testLabels, (testLabels + 1) % 4 }
            .Select(test => LinearProbe.Run(train, new TestFeatures(testX, test, 4), [1e-4, 1e-2, 1], 0.25, Numbers(1)))
            .ToList();
        Assert.Equal(results[0].L2, results[1].L2);
        Assert.Equal(results[0].ValidationTop1, results[1].ValidationTop1);
        Assert.NotEqual(results[0].Top1, results[1].Top1);
    }

    [Theory]
    [InlineData(1e-2, null)]
    [InlineData(1e15, "2 of 2 fits")]
    public void A_fit_that_has_not_converged_is_told_with_its_strength(double l2, string? told)
    {
        // No step of the line search is short enough for a penalty that steep.
        using var scope = NewDisposeScope();
        using var generator = Numbers();
        var (x, labels) = Blobs(400, 3, 0.5, generator);
        var (train, test) = (new TrainFeatures(x, labels, 3), new TestFeatures(x, labels, 3));
        var said = new List<string>();
        LinearProbe.Measure(ProbeMetric.Top1, train, test, [l2], 0.25, Numbers(1), said.Add);
        if (told is null)
            Assert.Empty(said);
        else
            Assert.StartsWith(
                $"{told} of the linear probe have not converged (L2 1e+15: gradient",
                Assert.Single(said)
            );
    }

    [Fact]
    public void A_held_out_part_is_stratified_and_disjoint()
    {
        using var scope = NewDisposeScope();
        var train = new TrainFeatures(arange(100, dtype: ScalarType.Float32).unsqueeze(1), arange(100) % 5, 5);
        using var generator = Numbers();
        var (fit, validation) = train.HoldOut(0.2, generator);
        var all = fit.Rows!.data<long>().Concat(validation.Rows!.data<long>()).Order();
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (long)i), all);
        Assert.Equal(fit.Labels.data<long>().ToArray(), (fit.Rows! % 5).data<long>().ToArray());
        Assert.Equal((80, 20), (fit.Count, validation.Count));
        Assert.All(
            validation.Labels.data<long>().ToArray().GroupBy(label => label),
            group => Assert.Equal(4, group.Count())
        );
    }

    [Fact]
    public void A_held_out_part_shares_the_features_and_outlives_them()
    {
        using var scope = NewDisposeScope();
        using var generator = Numbers();
        var train = new TrainFeatures(zeros(20, 3), arange(20) % 2, 2);
        var (fit, validation) = train.HoldOut(0.5, generator);
        train.H.fill_(7);
        Assert.Equal([7f, 7, 7], fit.Block(9, 1).data<float>().ToArray());
        train.Dispose();
        fit.Dispose();
        Assert.Equal([7f, 7, 7], validation.Block(0, 1).data<float>().ToArray());
    }

    [Fact]
    public void Chosen_rows_are_fitted_and_measured_as_copies_of_them()
    {
        using var scope = NewDisposeScope();
        using var generator = Numbers();
        var (x, labels) = Blobs(300, 3, 1, generator);
        var (fit, validation) = new TrainFeatures(x, labels, 3).HoldOut(0.3, generator);
        TrainFeatures Copy(Features of) => new(x.index_select(0, of.Rows!), of.Labels, 3);
        var (byRows, byCopy) = (LinearProbe.Fit(fit, 1e-2), LinearProbe.Fit(Copy(fit), 1e-2));
        Assert.Equal(byCopy.Weights.data<double>().ToArray(), byRows.Weights.data<double>().ToArray());
        Assert.Equal(byCopy.Predictions(Copy(validation)), byRows.Predictions(validation));
        Assert.Equal(byCopy.Top1(Copy(validation)), byRows.Top1(validation));
        Assert.Equal(
            NearestNeighbours.Top1(Copy(fit), Copy(validation), 5),
            NearestNeighbours.Top1(fit, validation, 5)
        );
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Features_that_are_not_finite_are_told_of_whether_fitted_or_measured(float value)
    {
        using var scope = NewDisposeScope();
        using var generator = Numbers();
        var (x, labels) = Blobs(60, 3, 1, generator);
        var good = new TrainFeatures(x.clone(), labels, 3);
        x[11, 2] = value;
        var bad = new TrainFeatures(x, labels, 3);
        var classifier = LinearProbe.Fit(good, 1e-2);
        foreach (Action act in new Action[] { () => LinearProbe.Fit(bad, 1e-2), () => classifier.Top1(bad) })
            Assert.StartsWith("1 of 300 features", Assert.Throws<TrainingFailedException>(act).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_fraction_out_of_range_is_refused(double fraction)
    {
        using var train = new TrainFeatures(zeros(4, 2), tensor(new long[] { 0, 0, 1, 1 }), 2);
        using var generator = Numbers();
        Assert.Throws<ArgumentOutOfRangeException>(() => train.HoldOut(fraction, generator));
    }
}
