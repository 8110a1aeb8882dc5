using SimCLR.Core.Encoders;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>How representations are measured.</summary>
/// <param name="View">Applied to every image, the same way each time; its output has the size that the encoder was trained on.</param>
/// <param name="L2">Strengths that the linear probe chooses from.</param>
/// <param name="ValidationFraction">Part of the training images that it chooses on.</param>
/// <param name="NeighbourCount">k of the k-NN classifier.</param>
/// <param name="NeighbourTemperature">Its temperature.</param>
/// <param name="Seed">Seed of the validation split.</param>
public sealed record EvaluationSpec(
    IView View,
    IReadOnlyList<double> L2,
    double ValidationFraction,
    int NeighbourCount,
    double NeighbourTemperature,
    long Seed
);

/// <summary>What an encoder's representations are worth.</summary>
/// <param name="Linear">Linear probe.</param>
/// <param name="NeighbourTop1">k-NN test accuracy, as a fraction.</param>
/// <param name="Sample">Representations of some test images, to be looked at.</param>
public sealed record EvaluationResult(LinearProbeResult Linear, double NeighbourTop1, FeatureSample Sample);

/// <summary>Linear probe and k-NN of a frozen encoder.</summary>
public static class Protocol
{
    /// <summary>Measures the encoder on the splits of labelled images.</summary>
    public static EvaluationResult Evaluate(EvaluationSpec spec, Encoder encoder, ImageSplits splits, Device device)
    {
        using var pause = new CollectionPause();
        var frozen = new FrozenEncoder(encoder, device, spec.View);
        using var train = frozen.Train(splits.Train);
        using var test = frozen.Test(splits.Test);
        using var generator = new RandomStreams(spec.Seed).At(RandomStreams.Evaluation, 0, CPU);
        return new EvaluationResult(
            LinearProbe.Run(train, test, spec.L2, spec.ValidationFraction, generator),
            NearestNeighbours.Top1(train, test, spec.NeighbourCount, spec.NeighbourTemperature),
            FeatureSample.Of(test, splits.Test)
        );
    }
}
