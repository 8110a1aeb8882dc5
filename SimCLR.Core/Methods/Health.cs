using SimCLR.Core.Losses;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>Figures that tell whether embeddings are alive, whatever the method.</summary>
public static class Health
{
    /// <summary>Name of the figure of how far normalized embeddings spread (<see cref="ContrastiveMetrics.Deviation"/>): the deviation of a dimension over
    /// 1/√D, its value when they spread evenly.</summary>
    public const string Deviation = "embedding deviation";

    /// <summary>Name of the figure of how many dimensions they spread over (<see cref="EffectiveRank"/>).</summary>
    public const string Rank = "effective rank";

    /// <summary>Name of the figure of how old the oldest embedding of a queue is, in steps: 0 while all of it is random, rising until the last random row has gone.</summary>
    internal const string QueueAge = "queue age";

    /// <summary>Names and units of what every method gives: the loss and these.</summary>
    public static readonly IReadOnlyList<(string Name, FigureUnit Unit)> Figures =
    [
        ("loss", FigureUnit.Plain),
        (Deviation, FigureUnit.Plain),
        (Rank, FigureUnit.Plain),
    ];

    /// <summary>Values of <see cref="Figures"/>.</summary>
    /// <param name="loss">The loss, a scalar.</param>
    /// <param name="z">Embeddings of a view, [N, D].</param>
    /// <returns>A scalar for each of <see cref="Figures"/>, on the device.</returns>
    public static IReadOnlyList<Tensor> Of(Tensor loss, Tensor z) =>
        [loss, ContrastiveMetrics.Deviation(z), EffectiveRank(z)];

    /// <summary>
    /// The participation ratio of the covariance of normalized embeddings, (Σλ)² / Σλ² of its eigenvalues λ: 1 when they lie on a
    /// line, D when they spread over all dimensions alike; 0 when they are all equal. It needs no eigenvalues: it is the squared trace over
    /// the squared norm.
    /// </summary>
    /// <param name="embeddings">[N, D].</param>
    /// <returns>A scalar.</returns>
    internal static Tensor EffectiveRank(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var unit = nn.functional.normalize(embeddings);
        var centred = unit - unit.mean([0], keepdim: true);
        var (n, d) = (centred.shape[0], centred.shape[1]);
        var gram = n < d ? centred.mm(centred.t()) : centred.t().mm(centred);
        return (gram.trace().square() / gram.square().sum().clamp_min(1e-30)).MoveToOuterDisposeScope();
    }
}
