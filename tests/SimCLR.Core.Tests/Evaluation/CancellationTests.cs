using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

/// <summary>Cancelled in its middle, everything that takes long ends with the batch or iteration that it is at.</summary>
public class CancellationTests
{
    /// <summary>Cancels when it sees a batch for the second time.</summary>
    private sealed class Cancelling(CancellationTokenSource source) : IView
    {
        internal int Batches { get; private set; }

        public BatchShape Output(BatchShape input) => input;

        public ViewParameters Draw(BatchShape batch, Generator generator) => ViewParameters.None;

        public Tensor Apply(Tensor images, ViewParameters parameters)
        {
            if (++Batches == 2)
                source.Cancel();
            return images.alias();
        }
    }

    /// <summary>Three batches of training and three of test images; at the second it is cancelled.</summary>
    private static void Cancelled(Action<Pretrained> measure, int batches = 2)
    {
        using var tiny = new Tiny(
            splits: new ImageSplits(Tiny.Images(1500, 2, side: 4), Tiny.Images(1500, 2, side: 4))
        );
        using var source = new CancellationTokenSource();
        var view = new Cancelling(source);
        using var pretrained = tiny.Pretrained with
        {
            Evaluation = tiny.Pretrained.Evaluation with { Picture = view },
            Cancellation = source.Token,
        };
        var (state, alive) = (tiny.State(), DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Throws<OperationCanceledException>(() => measure(pretrained));
        Assert.Equal(batches, view.Batches);
        // Nothing is left behind, and encoder and head have their modes again.
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(state, tiny.State());
    }

    [Fact]
    public void The_linear_probe_ends_while_features_are_extracted() =>
        Cancelled(pretrained => new LinearEvaluation().Measure(pretrained));

    [Fact]
    public void K_nn_ends_while_features_are_extracted() =>
        Cancelled(pretrained => new NeighbourEvaluation().Measure(pretrained));

    [Fact]
    public void A_sample_ends_while_features_are_extracted() => Cancelled(pretrained => pretrained.Sample());

    [Fact]
    public void The_probe_of_the_head_ends_while_features_are_extracted() =>
        Cancelled(pretrained => new HeadProbe().Measure(pretrained));

    [Fact]
    public void Retention_ends_while_features_are_extracted() =>
        Cancelled(pretrained => new Retention().Measure(pretrained));

    [Fact]
    public void Alignment_ends_while_features_are_extracted() =>
        Cancelled(pretrained =>
            new AlignmentUniformity(true).Measure(
                pretrained with
                {
                    Spec = pretrained.Spec with { ViewA = pretrained.Evaluation.View },
                }
            )
        );

    [Fact]
    public void A_classifier_ends_while_it_scores() =>
        Cancelled(pretrained =>
        {
            using var scope = NewDisposeScope();
            using var weights = new Generator(0, CPU);
            using var classifier = ImageClassifier.OnFrozen(pretrained.Encoder, 2, CPU, weights);
            classifier.Measure(
                ProbeMetric.Top1,
                pretrained.Splits.Train,
                pretrained.Evaluation.View,
                pretrained.Cancellation
            );
        });

    /// <summary>Strengths that cancel when they are read, which is after the features are there.</summary>
    private sealed class Strengths(CancellationTokenSource source) : IReadOnlyList<double>
    {
        public int Count => 2;
        public double this[int index] => 0.1;

        public IEnumerator<double> GetEnumerator()
        {
            source.Cancel();
            yield return 0.1;
            yield return 0.2;
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_linear_probe_ends_while_it_fits(bool ofHead)
    {
        using var tiny = new Tiny();
        using var source = new CancellationTokenSource();
        using var pretrained = tiny.Pretrained with
        {
            Evaluation = tiny.Pretrained.Evaluation with { L2 = new Strengths(source) },
            Cancellation = source.Token,
        };
        IMeasurement measurement = ofHead ? new HeadProbe() : new LinearEvaluation();
        Assert.Throws<OperationCanceledException>(() => measurement.Measure(pretrained));
    }

    [Fact]
    public void K_nn_ends_before_its_first_batch_where_the_features_are_there()
    {
        using var tiny = new Tiny();
        tiny.Pretrained.TrainFeatures();
        tiny.Pretrained.TestFeatures();
        var cancelled = tiny.Pretrained with { Cancellation = new CancellationToken(true) };
        Assert.Throws<OperationCanceledException>(() => new NeighbourEvaluation().Measure(cancelled));
        Assert.Throws<OperationCanceledException>(() => new NeighbourChoice([(1, 0.1)]).Measure(cancelled));
    }

    [Fact]
    public void Uniformity_ends_before_its_next_block()
    {
        using var x = ones(5, 2);
        Assert.Throws<OperationCanceledException>(() => AlignmentUniformity.Uniformity(x, new CancellationToken(true)));
    }
}
