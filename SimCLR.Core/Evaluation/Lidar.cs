using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// The number of dimensions over which representations tell images apart (Thilak et al. 2024, 2312.04000, LiDAR): every image is a class, its views are
/// samples; the effective rank (<see cref="RankMe"/>) of Σ_w^(-1/2) Σ_b Σ_w^(-1/2), Σ_b the covariance of the classes' means, Σ_w that of views
/// about them. Of h, by the run's first view; needs no labels.
/// </summary>
/// <param name="Images">Training images, drawn; all where there are fewer (paper: 1000).</param>
/// <param name="Views">Views of each, 2 or more (paper: 50).</param>
public sealed record Lidar(int Images = 1000, int Views = 50) : IMeasurement
{
    /// <summary>Is added to the variances within classes.</summary>
    private const double Delta = 1e-4;

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var train = pretrained.Splits.Train;
        using var generator = pretrained.Streams.At("LiDAR", 0);
        var rows = randperm(train.Count, device: CPU, generator: generator).narrow(0, 0, Math.Min(Images, train.Count));
        using var images = train.Select(rows);
        var frozen = pretrained.Frozen(view: new Identity());
        var views = Enumerable
            .Range(0, Views)
            .Select(view =>
                frozen.Extract(
                    images,
                    (batch, number) =>
                    {
                        using var draws = pretrained.Streams.At($"LiDAR view {view}", number);
                        return batch.Through(pretrained.Spec.ViewA, draws);
                    }
                )
            );
        return [new Figure("effective rank", Of(stack([.. views], 1)), FigureUnit.Plain)];
    }

    /// <summary>LiDAR of representations.</summary>
    /// <param name="h">[images, views, D].</param>
    public static double Of(Tensor h)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var x = h.to_type(ScalarType.Float64);
        var (n, views, d) = (x.shape[0], x.shape[1], x.shape[2]);
        var means = x.mean([1]);
        var between = means - means.mean([0], keepdim: true);
        var within = (x - means.unsqueeze(1)).reshape(n * views, d);
        var (values, vectors) = linalg.eigh(
            within.t().mm(within) / (n * views) + Delta * eye(d, dtype: ScalarType.Float64, device: x.device)
        );
        var whiten = (vectors / values.sqrt()).mm(vectors.t());
        var whitened = between.mm(whiten);
        return RankMe.OfSpectrum(linalg.eigvalsh(whitened.t().mm(whitened) / n).clamp_min(0));
    }
}
