using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
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
        using var generator = new RandomStreams(0).At("test", 0, CPU);
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

    [Theory]
    [InlineData(0, 0.1)]
    [InlineData(1, 0)]
    [InlineData(1, double.NaN)]
    public void Values_out_of_range_are_refused(int k, double temperature)
    {
        using var train = new TrainFeatures(eye(2), arange(2), 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => NearestNeighbours.Top1(train, train, k, temperature));
    }
}
