using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>k-NN whose k and temperature are chosen on a part of the training images, as the linear probe's strength is.</summary>
/// <param name="Candidates">What to choose from, one or more.</param>
public sealed record NeighbourChoice(IReadOnlyList<(int K, double Temperature)> Candidates) : IMeasurement
{
    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        using var scope = NewDisposeScope();
        var frozen = pretrained.Frozen();
        using var train = frozen.Train(pretrained.Splits.Train);
        using var test = frozen.Test(pretrained.Splits.Test);
        using var generator = pretrained.Streams.At(RandomStreams.Evaluation, 0, CPU);
        var (fit, validation) = train.HoldOut(pretrained.Evaluation.ValidationFraction, generator);
        var (k, temperature) = NearestNeighbours.Choose(fit, validation, Candidates);
        return
        [
            new Figure("top-1", NearestNeighbours.Top1(train, test, k, temperature)),
            new Figure("k", k),
            new Figure("temperature", temperature),
        ];
    }
}
