using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Nearest-neighbour (k-NN) classification whose k and temperature are chosen on a part of the training images, as the linear probe's strength is.</summary>
/// <param name="Candidates">What to choose from, one or more: k, 1 or more, and the temperature, above 0.</param>
public sealed record NeighbourChoice(IReadOnlyList<(int K, double Temperature)> Candidates) : IMeasurement
{
    /// <inheritdoc/>
    public void Check(Pretrained beforeTraining) => NearestNeighbours.Check(Candidates);

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        using var scope = NewDisposeScope();
        var (train, test) = (pretrained.TrainFeatures(), pretrained.TestFeatures());
        using var generator = pretrained.Streams.At(RandomStreams.Evaluation, 0);
        var (fit, validation) = train.HoldOut(pretrained.Evaluation.ValidationFraction, generator);
        var (k, temperature) = NearestNeighbours.Choose(fit, validation, Candidates, pretrained.Cancellation);
        return
        [
            new Figure("top-1", NearestNeighbours.Top1(train, test, k, temperature, pretrained.Cancellation)),
            new Figure("k", k, FigureUnit.Plain),
            new Figure("temperature", temperature, FigureUnit.Plain),
        ];
    }
}
