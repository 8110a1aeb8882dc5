using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class NearestNeighboursTests
{
    /// <summary>The definition, image by image, in float64.</summary>
    private static double BruteForce(
        float[,] bank,
        long[] bankLabels,
        float[,] queries,
        long[] labels,
        int classes,
        int k,
        double t
    )
    {
        static double Cosine(float[,] a, int i, float[,] b, int j)
        {
            var (dot, aa, bb) = (0.0, 0.0, 0.0);
            for (var d = 0; d < a.GetLength(1); d++)
            {
                dot += (double)a[i, d] * b[j, d];
                aa += (double)a[i, d] * a[i, d];
                bb += (double)b[j, d] * b[j, d];
            }
            return dot / Math.Sqrt(aa * bb);
        }

        var correct = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            var votes = new double[classes];
            var neighbours = Enumerable.Range(0, bankLabels.Length).Select(j => (j, s: Cosine(queries, i, bank, j)));
            foreach (var (j, s) in neighbours.OrderByDescending(pair => pair.s).Take(k))
                votes[bankLabels[j]] += Math.Exp(s / t);
            if (Array.IndexOf(votes, votes.Max()) == labels[i])
                correct++;
        }
        return (double)correct / labels.Length;
    }

    [Theory]
    [InlineData(1, 0.1)]
    [InlineData(7, 0.1)]
    [InlineData(200, 0.1)]
    [InlineData(20, 1.0)]
    public void Accuracy_is_the_definitions(int k, double temperature)
    {
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(0).At("test", 0);
        var (labels, testLabels) = (arange(90) % 3, arange(40) % 3);
        var (bank, queries) = (randn(90, 6, generator: generator), randn(40, 6, generator: generator));
        bank[TensorIndex.Colon, 0] += labels;
        queries[TensorIndex.Colon, 0] += testLabels;
        var expected = BruteForce(
            (float[,])bank.data<float>().ToNDArray(),
            labels.data<long>().ToArray(),
            (float[,])queries.data<float>().ToNDArray(),
            testLabels.data<long>().ToArray(),
            3,
            k,
            temperature
        );
        var actual = NearestNeighbours.Top1(
            new TrainFeatures(bank, labels, 3),
            new TestFeatures(queries, testLabels, 3),
            k,
            temperature
        );
        Assert.Equal(expected, actual, precision: 10);
        Assert.InRange(actual, 0.34, 0.99);
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(7, 40)]
    [InlineData(200, 100)]
    public void Neighbours_that_are_looked_through_in_blocks_are_the_definitions(int k, int mostNumbers)
    {
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(0).At("test", 0);
        var (labels, testLabels) = (arange(90) % 3, arange(40) % 3);
        var (bank, queries) = (randn(90, 6, generator: generator), randn(40, 6, generator: generator));
        bank[TensorIndex.Colon, 0] += labels;
        queries[TensorIndex.Colon, 0] += testLabels;
        var expected = BruteForce(
            (float[,])bank.data<float>().ToNDArray(),
            labels.data<long>().ToArray(),
            (float[,])queries.data<float>().ToNDArray(),
            testLabels.data<long>().ToArray(),
            3,
            k,
            0.1
        );
        var actual = NearestNeighbours.Accuracies(
            new TrainFeatures(bank, labels, 3),
            new TestFeatures(queries, testLabels, 3),
            [(k, 0.1)],
            CancellationToken.None,
            mostNumbers
        );
        Assert.Equal(expected, Assert.Single(actual), precision: 10);
    }

    [Fact]
    public void A_tiny_temperature_does_not_overflow()
    {
        using var scope = NewDisposeScope();
        var features = eye(4);
        var labels = arange(4);
        var top1 = NearestNeighbours.Top1(
            new TrainFeatures(features, labels, 4),
            new TestFeatures(features, labels, 4),
            4,
            1e-4
        );
        Assert.Equal(1, top1);
    }

    [Fact]
    public void A_million_classes_of_a_million_images_are_no_matrix()
    {
        // One-hot labels of all images would be 4 TB.
        const long million = 1_000_000;
        using var scope = NewDisposeScope();
        var bank = tensor(new[] { 0f, 1 }).repeat(million, 1);
        bank[250_000] = tensor(new[] { 1f, 0 });
        bank[700_000] = tensor(new[] { -1f, 0 });
        var asked = tensor(new long[] { 250_000, 700_000 });
        var test = new TestFeatures(bank.index_select(0, asked), asked, (int)million);
        var train = new TrainFeatures(bank, arange(million), (int)million);
        Assert.Equal(1, NearestNeighbours.Top1(train, test, 3));
    }

    [Fact]
    public void Images_of_several_classes_are_refused()
    {
        using var train = new TrainFeatures(eye(2), ones(2, 3, ScalarType.Int64), 3);
        Assert.Contains(
            "11-point mAP",
            Assert.Throws<ArgumentException>(() => NearestNeighbours.Top1(train, train)).Message
        );
    }

    /// <summary>Candidates that cancel when they are read so many times.</summary>
    private sealed class Cancelling(int count, CancellationTokenSource source, int at)
        : IReadOnlyList<(int K, double Temperature)>
    {
        internal int Reads { get; private set; }

        public int Count => count;

        public (int K, double Temperature) this[int index]
        {
            get
            {
                if (++Reads == at)
                    source.Cancel();
                return (1 + index, 0.1);
            }
        }

        public IEnumerator<(int K, double Temperature)> GetEnumerator() =>
            Enumerable.Range(0, count).Select(i => (1 + i, 0.1)).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    [Fact]
    public void A_cancelled_choice_ends_with_the_batch()
    {
        using var scope = NewDisposeScope();
        using var source = new CancellationTokenSource();
        // 2000 images are four batches; each candidate is read once in each. The sixth reading is in the second.
        var candidates = new Cancelling(4, source, at: 6);
        var (h, labels) = (ones(2000, 2), zeros(2000, ScalarType.Int64));
        Assert.Throws<OperationCanceledException>(() =>
            NearestNeighbours.Choose(
                new TrainFeatures(h, labels, 1),
                new ValidationFeatures(h, labels, 1),
                candidates,
                source.Token
            )
        );
        Assert.Equal(8, candidates.Reads);
    }

    [Theory]
    [InlineData(0, 0.1)]
    [InlineData(1, 0)]
    [InlineData(1, double.NaN)]
    public void Values_out_of_range_are_refused(int k, double temperature)
    {
        using var train = new TrainFeatures(eye(2), arange(2), 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => NearestNeighbours.Top1(train, train, k, temperature));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Features_that_are_not_finite_are_no_chance_accuracy(double value)
    {
        using var scope = NewDisposeScope();
        var spoilt = eye(4);
        spoilt[1, 2] = value;
        var labels = arange(4) % 2;
        var (good, bad) = (new TrainFeatures(eye(4), labels, 2), new TrainFeatures(spoilt, labels, 2));
        var test = new TestFeatures(spoilt, labels, 2);
        foreach (var (train, of) in new[] { (bad, new TestFeatures(eye(4), labels, 2)), (good, test) })
        {
            var error = Assert.Throws<TrainingFailedException>(() => NearestNeighbours.Top1(train, of, 1));
            Assert.StartsWith("1 of 16 features are not finite", error.Message);
        }
        Assert.Throws<TrainingFailedException>(() => LinearProbe.Fit(bad, 1e-2));
        Assert.Throws<TrainingFailedException>(() => LinearProbe.Fit(good, 1e-2).Top1(test));
    }

    [Fact]
    public void Features_are_looked_at_block_by_block()
    {
        using var scope = NewDisposeScope();
        var h = ones(400_000, 64);
        h[399_999, 63] = double.NaN;
        using var features = new TestFeatures(h, zeros(400_000, ScalarType.Int64), 1);
        TrainingFailedException? error = null;
        // Whether they are finite, and how many are not: a copy of all would be 195 MiB, one of a block is 8.
        var taken = PeakMemory.MebibytesOf(() =>
            error = Assert.Throws<TrainingFailedException>(features.RequireFinite)
        );
        Assert.StartsWith("1 of 25,600,000 features are not finite", error!.Message);
        Assert.InRange(taken, 0, 100);
    }
}
