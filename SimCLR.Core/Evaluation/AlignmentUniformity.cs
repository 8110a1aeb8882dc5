using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Alignment and uniformity of normalized representations (Wang and Isola 2020, 2005.10242, section 4.1): how near the two views of an
/// image lie, and how evenly images spread over the sphere. Of the run's views of the test images; smaller is better for both.
/// </summary>
/// <param name="OfZ">Whether z = g(h) is measured instead of h.</param>
public sealed record AlignmentUniformity(bool OfZ) : IMeasurement, IValidationMeasurement
{
    /// <summary>Norms below it count as it, as in PyTorch's normalize.</summary>
    private const double Smallest = 1e-12;
    private const long Block = 1000;

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained) =>
        Measure(
            pretrained.Splits.Test,
            pretrained.Frozen(OfZ, new Identity()),
            pretrained.Spec,
            pretrained.Streams,
            pretrained.Cancellation
        );

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Validation validation) =>
        Measure(
            validation.Images,
            validation.Frozen(OfZ, new Identity()),
            validation.Spec,
            validation.Streams,
            validation.Cancellation
        );

    /// <summary>Mean squared distance of the normalized rows of one view to those of the other: 0 to 4.</summary>
    /// <param name="a">[N, D].</param>
    /// <param name="b">[N, D], the same images in the same order.</param>
    public static double Alignment(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var sum = zeros(1, ScalarType.Float64, a.device);
        for (var start = 0L; start < a.shape[0]; start += Block)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(Block, a.shape[0] - start);
            sum.add_(Unit(a.narrow(0, start, count)).sub_(Unit(b.narrow(0, start, count))).square().sum());
        }
        return sum.ToDouble() / a.shape[0];
    }

    /// <summary>Logarithm of the mean over pairs of rows of exp(-2 · squared distance), rows normalized: -8 to 0.</summary>
    /// <param name="x">[N, D], two rows or more.</param>
    /// <param name="cancellation">Looked at before each block of 1000 rows.</param>
    /// <exception cref="ArgumentException">There are fewer than two rows.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static double Uniformity(Tensor x, CancellationToken cancellation = default)
    {
        if (x.shape[0] < 2)
            throw new ArgumentException($"Uniformity is over pairs, but there is {x.shape[0]} row; give 2 or more.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var unit = Unit(x);
        var (n, sum) = (x.shape[0], zeros(1, ScalarType.Float64, x.device));
        for (var start = 0L; start < n; start += Block)
        {
            cancellation.ThrowIfCancellationRequested();
            using var block = NewDisposeScope();
            var cosines = unit.narrow(0, start, Math.Min(Block, n - start)).mm(unit.t());
            sum.add_(cosines.sub_(1).mul_(4).exp_().sum());
        }
        // Every row's pair with itself, exp(0), is taken out again.
        return Math.Log((sum.ToDouble() - n) / n / (n - 1));
    }

    private static Figure[] Measure(
        ImageSet images,
        FrozenEncoder encoder,
        PretrainingSpec spec,
        RandomStreams streams,
        CancellationToken cancellation
    )
    {
        using var scope = NewDisposeScope();
        var a = Embed(spec.ViewA, "alignment view A");
        var b = Embed(spec.ViewB, "alignment view B");
        var uniformity = (Uniformity(a, cancellation) + Uniformity(b, cancellation)) / 2;
        return
        [
            new Figure("alignment", Alignment(a, b), FigureUnit.Plain),
            new Figure("uniformity", uniformity, FigureUnit.Plain),
        ];

        Tensor Embed(IView view, string stream) =>
            encoder.Extract(
                images,
                (batch, number) =>
                {
                    using var generator = streams.At(stream, number);
                    return batch.Through(view, generator);
                }
            );
    }

    /// <summary>In float64: in float32 the pairs with themselves do not cancel. One copy: test images may be many.</summary>
    private static Tensor Unit(Tensor x)
    {
        using var scope = NewDisposeScope();
        var unit = x.to(ScalarType.Float64, copy: true);
        return unit.div_(unit.norm(1, keepdim: true).clamp_min_(Smallest)).MoveToOuterDisposeScope();
    }
}
