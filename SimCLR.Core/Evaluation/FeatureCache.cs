using SimCLR.Core.Encoders;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// The representations h of training and test images, computed when they are first asked for and kept until disposed. What was computed
/// of other images, or before the encoder's weights changed, is never given.
/// </summary>
internal sealed class FeatureCache : IDisposable
{
    private (Encoder Encoder, ImageSplits Splits, IView Picture, IView? Normalization)? source;
    private double[] weights = [];
    private TrainFeatures? train;
    private TestFeatures? test;

    /// <summary>Of the training images; the cache's.</summary>
    internal TrainFeatures Train(Pretrained pretrained)
    {
        Renew(pretrained);
        return (train ??= pretrained.Frozen().Train(pretrained.Splits.Train)) with { Ranks = pretrained.Ranks };
    }

    /// <summary>Of the test images; the cache's.</summary>
    internal TestFeatures Test(Pretrained pretrained)
    {
        Renew(pretrained);
        return (test ??= pretrained.Frozen().Test(pretrained.Splits.Test)) with { Ranks = pretrained.Ranks };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        train?.Dispose();
        test?.Dispose();
        (train, test) = (null, null);
    }

    private void Renew(Pretrained pretrained)
    {
        TensorFloat32.Set(pretrained.Spec.Precision, pretrained.Device);
        var (from, now) = (
            (pretrained.Encoder, pretrained.Splits, pretrained.Evaluation.Picture, pretrained.Evaluation.Normalization),
            Sums(pretrained.Encoder)
        );
        if (source == from && weights.SequenceEqual(now))
            return;
        Dispose();
        (source, weights) = (from, now);
    }

    /// <summary>The sum of each parameter and buffer: training moves them.</summary>
    private static double[] Sums(Encoder encoder)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var sums = encoder.state_dict().Values.Select(values => values.sum(ScalarType.Float64)).ToList();
        return sums.Count == 0 ? [] : stack(sums).cpu().data<double>().ToArray();
    }
}
