using SimCLR.Core.Training;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// A linear probe of z = g(h), to set beside that of h (SimCLR, section 4.2 and figure 8: h is over ten points better). Same protocol, same
/// strengths.
/// </summary>
public sealed record HeadProbe : IMeasurement
{
    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        var frozen = pretrained.Frozen(withHead: true);
        using var train = frozen.Train(pretrained.Splits.Train);
        using var test = frozen.Test(pretrained.Splits.Test);
        return [new Figure("linear top-1", pretrained.Probe(train, test).Top1)];
    }
}
