using SimCLR.Core.Images;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// The number of dimensions that representations use, smoothly counted: the exponential of the entropy of their singular values (RankMe, Garrido et
/// al. 2023, 2210.02885, section 3). Of up to 25,600 training images, spread over all; needs no labels. Between 1 and the number of
/// dimensions; among settings of one method, more goes with better linear accuracy.
/// </summary>
/// <param name="OfZ">Whether z = g(h) is measured instead of h.</param>
public sealed record RankMe(bool OfZ) : IMeasurement, IValidationMeasurement
{
    private const long MaxImages = 25_600;
    private const double Epsilon = 1e-7;

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        using var scope = NewDisposeScope();
        using var some = Spread(pretrained.Splits.Train);
        return [Figure(Of(pretrained.Frozen(OfZ).Extract(some)))];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Validation validation)
    {
        using var scope = NewDisposeScope();
        var features = OfZ ? validation.Frozen(withHead: true).Extract(validation.Images) : validation.HeldOut().H;
        return [Figure(Of(features))];
    }

    /// <summary>The smooth rank exp(-Σ p log p) with p = σ / Σσ + 1e-7 over the singular values σ, in float64.</summary>
    /// <param name="features">[N, D], not all zero.</param>
    public static double Of(Tensor features)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return OfSpectrum(linalg.svdvals(features.to_type(ScalarType.Float64)));
    }

    /// <summary>exp(-Σ p log p) with p = v / Σv + 1e-7 over the values v.</summary>
    internal static double OfSpectrum(Tensor values)
    {
        using var scope = NewDisposeScope();
        var shares = values / values.sum() + Epsilon;
        return (shares * shares.log()).sum().neg().exp().ToDouble();
    }

    private Figure Figure(double value) => new(OfZ ? "z" : "h", value, FigureUnit.Plain);

    private static ImageSet Spread(ImageSet images)
    {
        var count = Math.Min(images.Count, MaxImages);
        using var places = arange(count, device: CPU).mul_(images.Count).floor_divide(count);
        return images.Select(places);
    }
}
